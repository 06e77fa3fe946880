/// A value that a kprobe reads when it is hit: Documentation/trace/kprobetrace.rst. A chain of offsets is applied to an
/// argument of the probed function: add the first and read a pointer there, add the second and read a pointer there,
/// and so on. The value is at the last place.
struct FetchArgument {
  enum Kind {
    case u8, u32, u64
    /// A string up to its NUL: the field in the sample has its place in the sample, in 32 bits.
    case string

    var name: StaticString {
      switch self {
      case .u8: "u8"
      case .u32: "u32"
      case .u64: "u64"
      case .string: "string"
      }
    }

    var size: Int {
      switch self {
      case .u8: 1
      case .u32, .string: 4
      case .u64: 8
      }
    }
  }

  /// Unique in the probe, and short, because a definition has at most 4,095 bytes.
  let name: String
  let kind: Kind
  /// The number of consecutive values.
  let count: Int
  /// The index of the function's argument, from 0.
  let parameter: Int
  let chain: [Int]
  /// A constant value, in place of one that is read: Linux 5.1.
  let constant: Int?

  init(_ name: String, _ kind: Kind = .u64, count: Int = 1, parameter: Int = 0, _ chain: [Int]) {
    self.name = name
    self.kind = kind
    self.count = count
    self.parameter = parameter
    self.chain = chain
    constant = nil
  }

  init(_ name: String, _ kind: Kind, constant: Int) {
    self.name = name
    self.kind = kind
    self.constant = constant
    (count, parameter, chain) = (1, 0, [])
  }

  /// Text such as ` c=+4(+2008(%di)):u64[11]`; without arrays there is one argument for each value.
  func definition(hasArrays: Bool) -> String {
    guard count > 1 else { return " \(name)=\(expression(0)):\(kind.name)" }
    guard !hasArrays else { return " \(name)=\(expression(0)):\(kind.name)[\(count)]" }
    var text = ""
    for index in 0..<count { text += " \(memberName(index))=\(expression(index * kind.size)):\(kind.name)" }
    return text
  }

  /// The name of one of the values if there are no arrays.
  func memberName(_ index: Int) -> String { "\(name)_\(index)" }

  /// `distance` is added to the last offset.
  private func expression(_ distance: Int) -> String {
    if let constant { return "\\\(constant)" }
    var text = "%\(Self.registers[parameter])"
    for (index, offset) in chain.enumerated() {
      text = "+\(index == chain.count - 1 ? offset + distance : offset)(\(text))"
    }
    return text
  }

  /// The registers with the arguments of the kernel's functions, with their names in kprobes.
  private static var registers: [StaticString] {
    #if arch(arm64)
      ["x0", "x1", "x2"]
    #else
      ["di", "si", "dx"]
    #endif
  }
}
