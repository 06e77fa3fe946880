/// A value that a kprobe reads when it is hit: Documentation/trace/kprobetrace.rst. A chain of offsets is applied to an
/// argument of the probed function: add the first and read a pointer there, add the second and read a pointer there,
/// and so on. The value is at the last place.
struct FetchArgument {
  enum Kind {
    case u8, u32, u64
    /// With a sign, so that the kernel compares them as numbers that have one.
    case s32, s64
    /// Up to its NUL: in the sample is where it stands there, in 32 bits.
    case string

    var name: StaticString {
      switch self {
      case .u8: "u8"
      case .u32: "u32"
      case .u64: "u64"
      case .s32: "s32"
      case .s64: "s64"
      case .string: "string"
      }
    }

    var size: Int {
      switch self {
      case .u8: 1
      case .u32, .s32, .string: 4
      case .u64, .s64: 8
      }
    }
  }

  /// Where the chain begins.
  enum Source {
    /// An argument of the function when it begins, from 0.
    case parameter(Int)
    /// The same when it returns, by when the kernel has kept it: Linux 6.9.
    case kept(Int)
    /// What the function returns.
    case result
    /// Nowhere: it is always this. Linux 5.1.
    case constant(Int)
  }

  /// Unique in the probe, and short, for a definition is at most 4,095 bytes long.
  let name: String
  let kind: Kind
  /// The number of consecutive values.
  let count: Int
  let source: Source
  let chain: [Int]

  init(_ name: String, _ kind: Kind = .u64, count: Int = 1, parameter: Int = 0, _ chain: [Int]) {
    self.name = name
    self.kind = kind
    self.count = count
    self.chain = chain
    source = .parameter(parameter)
  }

  init(_ name: String, _ kind: Kind, constant: Int) { self.init(name, kind, from: .constant(constant)) }

  init(_ name: String, _ kind: Kind, count: Int = 1, from source: Source, _ chain: [Int] = []) {
    self.name = name
    self.kind = kind
    self.source = source
    self.chain = chain
    self.count = count
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
    var text =
      switch source {
      case .parameter(let index): "%\(Self.registers[index])"
      case .kept(let index): "$arg\(index + 1)"
      case .result: "$retval"
      case .constant(let value): "\\\(value)"
      }
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
