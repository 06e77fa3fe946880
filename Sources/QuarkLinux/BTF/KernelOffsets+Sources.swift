internal import CLinux
internal import COffsets
public import QuarkBTF

extension KernelOffsets {
  /// From a BTF, or an ELF file with one.
  public init(btf path: String) throws(QuarkError) {
    let vector: OffsetVector
    do throws(BTFError) {
      vector = try Self.resolve(path)
    } catch {
      switch error {
      case .unreadable(let number): throw QuarkError(Self.attempt, Errno(number), detail: path)
      case .damaged(let damage): throw QuarkError(Self.attempt, Errno(EINVAL), detail: "\(path): \(damage)")
      }
    }
    guard vector.isUsable else {
      throw QuarkError(Self.attempt, Errno(ENOTSUP), detail: "\(path): it lacks \(vector.missingNames)")
    }
    self.init(vector, .types(path: path))
  }

  /// Where the running kernel's types are: QUARK_BTF_PATH can name another place.
  public static var systemPath: String {
    unsafe clinux_environment("QUARK_BTF_PATH").map { unsafe String(cString: $0) } ?? KernelTypes.systemPath
  }

  /// Those of the running kernel: from its types, else from the table. The error says why neither has them.
  public static func running() throws(QuarkError) -> KernelOffsets {
    do {
      return try KernelOffsets(btf: systemPath)
    } catch {
      let system = SystemName()
      let answer = KernelOffsets.known(release: system.release, machine: system.machine)
      if let offsets = answer.offsets { return offsets }
      throw QuarkError(
        attempt, error.errno,
        detail: "\(error.detail)\n\(answer.words(release: system.release, machine: system.machine))")
    }
  }

  /// What the compiled-in table says of a kernel.
  public static func known(release: String, machine: String) -> ReleaseTable.Answer {
    withTable { ReleaseTable($0)?.answer(release: release, machine: machine) ?? .damagedTable }
  }

  /// The compiled-in table's bytes.
  public static func withTable<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    var size = 0
    // Safe: constants of the program, of which there are so many.
    return body(unsafe Span(_unsafeStart: coffsets_table(&size)!, count: size))
  }

  private static var attempt: StaticString { "find the kernel's offsets" }

  private static func resolve(_ path: String) throws(BTFError) -> OffsetVector {
    let file: FileReader
    do throws(Errno) { file = try FileReader(path: path) } catch { throw .unreadable(error.rawValue) }
    return try DotnameResolver.resolve(file)
  }
}

/// What uname(2) says.
public struct SystemName: Sendable {
  public let release: String
  public let machine: String

  public init() {
    var name = utsname()
    // It fails only for a bad address.
    unsafe uname(&name)
    release = Self.text(of: name.release)
    machine = Self.text(of: name.machine)
  }

  /// Safe: the text ends with a NUL.
  private static func text<Characters>(of characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) {
      unsafe String(cString: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
  }
}
