import Glibc
import Subprocess
import SystemPackage

/// Runs the machine's own tools. Their messages are in English (LC_ALL=C), because some of them are parsed.
enum Tool {
  struct Result: Sendable {
    var status: TerminationStatus
    var output: String
    var errors: String
    var succeeded: Bool { status.isSuccess }

    /// The last line of the tool's errors; the lines before it seldom tell the cause.
    var complaint: String {
      let lines = errors.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("W: ") }
      return lines.last.map { $0.trimmingSpaces } ?? "\(status)"
    }
  }

  private static let environment = Environment.inherit.updating(["LC_ALL": "C"])
  private static let outputLimit = 64 << 20

  /// A tool that is cancelled gets SIGTERM, and then has time to end its children and to remove its files.
  private static var platformOptions: PlatformOptions {
    var options = PlatformOptions()
    options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(30))]
    return options
  }

  static func run(_ name: String, _ arguments: [String]) async throws(KernelStoreError) -> Result {
    do {
      let result = try await Subprocess.run(
        executable(name), arguments: Arguments(arguments), environment: environment,
        platformOptions: platformOptions, output: .string(limit: outputLimit), error: .string(limit: outputLimit))
      return Result(
        status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
    } catch {
      throw cannotRun(name, error)
    }
  }

  /// As above, with files as standard input and output. With `handOver` they are closed here once the tool has them,
  /// which pipes need.
  static func run(
    _ name: String, _ arguments: [String], from input: FileDescriptor? = nil, to output: FileDescriptor? = nil,
    handOver: Bool = false
  ) async throws(KernelStoreError) -> Result {
    do {
      let null = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
      defer { try? null.close() }
      let result = try await Subprocess.run(
        executable(name), arguments: Arguments(arguments), environment: environment,
        platformOptions: platformOptions,
        input: .fileDescriptor(input ?? null, closeAfterSpawningProcess: handOver && input != nil),
        output: .fileDescriptor(output ?? null, closeAfterSpawningProcess: handOver && output != nil),
        error: .string(limit: outputLimit))
      return Result(status: result.terminationStatus, output: "", errors: result.standardError)
    } catch {
      throw cannotRun(name, error)
    }
  }

  /// As above, from one file to another, which is made.
  static func run(
    _ name: String, _ arguments: [String], reading input: FilePath, writing output: FilePath
  ) async throws(KernelStoreError) -> Result {
    let reading: FileDescriptor
    do { reading = try .open(input, .readOnly, options: .closeOnExec) } catch {
      throw KernelStoreError("\(input): cannot be read: \(error.reason)")
    }
    defer { try? reading.close() }
    let writing: FileDescriptor
    do {
      writing = try .open(
        output, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
    } catch {
      throw KernelStoreError("\(output): cannot be written: \(error.reason)")
    }
    defer { try? writing.close() }
    return try await run(name, arguments, from: reading, to: writing)
  }

  static func isInstalled(_ name: String) async -> Bool {
    (try? await executable(name).resolveExecutablePath(in: .inherit)) != nil
  }

  /// A pipe that no other child inherits: a stray copy of the writing end would keep the reader waiting for ever.
  static func pipe() throws(KernelStoreError) -> (reading: FileDescriptor, writing: FileDescriptor) {
    do {
      let ends = try FileDescriptor.pipe()
      for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
      return (ends.readEnd, ends.writeEnd)
    } catch {
      throw KernelStoreError("a pipe cannot be made: \(error.reason)")
    }
  }

  private static func executable(_ name: String) -> Executable {
    name.hasPrefix("/") ? .path(FilePath(name)) : .name(name)
  }

  private static func cannotRun(_ name: String, _ error: any Error) -> KernelStoreError {
    if let error = error as? SubprocessError, error.code == .executableNotFound {
      return KernelStoreError("\(name) is not installed; `kmatrix doctor` says what is needed")
    }
    return KernelStoreError("\(name) could not be run: \(error.reason)")
  }
}
