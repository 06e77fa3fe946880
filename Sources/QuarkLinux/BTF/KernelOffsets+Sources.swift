internal import CLinux
internal import COffsets
public import QuarkBTF

extension KernelOffsets {
  /// Reads the offsets from raw BTF, or an ELF file with BTF.
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

  /// The path of the running kernel's types; QUARK_BTF_PATH can set another one.
  public static var systemPath: String {
    unsafe clinux_environment("QUARK_BTF_PATH").map { unsafe String(cString: $0) } ?? KernelTypes.systemPath
  }

  /// The offsets of the running kernel: from its types, or else from the table. The error tells why neither has them.
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

  /// The answer of the compiled-in table for a kernel.
  public static func known(release: String, machine: String) -> ReleaseTable.Answer {
    withTable { ReleaseTable($0)?.answer(release: release, machine: machine) ?? .damagedTable }
  }

  /// Lends the bytes of the compiled-in table.
  public static func withTable<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    var size = 0
    // Safe: these are constants of the program, and there are this many bytes.
    return body(unsafe Span(_unsafeStart: coffsets_table(&size)!, count: size))
  }

  private static var attempt: StaticString { "find the kernel's offsets" }

  private static func resolve(_ path: String) throws(BTFError) -> OffsetVector {
    let file: FileReader
    do throws(Errno) { file = try FileReader(path: path) } catch { throw .unreadable(error.rawValue) }
    return try DotnameResolver.resolve(file)
  }
}

/// The results of uname(2).
public struct SystemName: Sendable {
  public let release: String
  public let machine: String

  public init() {
    var name = utsname()
    // uname(2) fails only for a bad address.
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
