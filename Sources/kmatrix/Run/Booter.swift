import Foundation
import Glibc
import Logging
import Subprocess
import SystemPackage

/// Runs krun.sh once: one kernel, one command line.
struct Booter: Sendable {
  var krun: String
  var initramfs: String
  var budget: BootBudget
  var cpus: Int
  /// The folder for consoles and channels.
  var logs: URL
  var logger: Logger

  struct Files: Sendable {
    var console: URL
    var channel: URL
    var messages: URL
  }

  /// Kernels print warnings at level 4, which `quiet` hides. A hidden warning would let the kernel pass.
  private static let appended = "loglevel=5"

  func files(named name: String, boot: Int) -> Files {
    let stem = boot == 1 ? name : "\(name)-boot\(boot)"
    return Files(
      console: logs.appending(path: "\(stem).console.txt"), channel: logs.appending(path: "\(stem).channel.txt"),
      messages: logs.appending(path: "\(stem).krun.txt"))
  }

  func arguments(
    image: KernelImage, command: GuestCommand, nonce: String, channel: URL, budget: BootBudget
  ) -> [String] {
    [
      "--timeout", "\(budget.run)", "--boot-timeout", "\(budget.boot)", "--results", channel.path, "--nonce", nonce,
      "--cpus", "\(cpus)", "--append", Self.appended, "--append", "QUARK_TEST_TIMEOUT=\(budget.test)",
      "--append", "rcupdate.rcu_cpu_stall_timeout=\(budget.stall)",
    ] + (image.modules.map { ["--add", $0] } ?? []) + [initramfs, image.path] + command.words
  }

  /// Boots the kernel. Returns when krun.sh and all its children have ended.
  func boot(
    image: KernelImage, command: GuestCommand, files: Files,
    progress: @escaping @Sendable (ChannelTranscript) async -> Void
  ) async throws(KMatrixError) -> BootArtifacts {
    let nonce = Self.randomNonce()
    let budget = await budget.remeasured()
    let arguments = arguments(image: image, command: command, nonce: nonce, channel: files.channel, budget: budget)
    logger.debug("\(krun) \(arguments.joined(separator: " "))")
    let clock = ContinuousClock()
    let start = clock.now
    var (end, hello) = try await run(arguments, files: files, nonce: nonce, budget: budget, progress: progress)
    if end != .interrupted, let free = LogFolder(logs).freeBytes, free < LogFolder.least {
      end = .noSpace("\(logs.path): no space: the logs of this boot may be incomplete")
    }
    let artifacts = BootArtifacts(
      end: end, console: Self.bytes(of: files.console), channel: Self.bytes(of: files.channel),
      messages: String(decoding: Self.bytes(of: files.messages), as: UTF8.self), nonce: nonce,
      seconds: (clock.now - start).inSeconds, helloSeconds: hello.map { ($0 - start).inSeconds },
      slowdown: budget.slowdown)
    if artifacts.messages.isEmpty { try? FileManager.default.removeItem(at: files.messages) }
    logger.debug("\(image.path): \(end) after \(artifacts.seconds) s")
    return artifacts
  }

  /// Runs krun.sh. Returns how it ended and, if it was seen, when the guest's program said hello.
  private func run(
    _ arguments: [String], files: Files, nonce: String, budget: BootBudget,
    progress: @escaping @Sendable (ChannelTranscript) async -> Void
  ) async throws(KMatrixError) -> (end: BootEnd, hello: ContinuousClock.Instant?) {
    let console = try Self.create(files.console)
    let messages = try Self.create(files.messages)
    try? Data().write(to: files.channel)  // krun.sh writes a new one; an old one must not be read until then
    return await withTaskGroup(of: (end: BootEnd, hello: ContinuousClock.Instant?).self) { group in
      group.addTask { (await launch(arguments, console: console, messages: messages), nil) }
      group.addTask { await watch(files.channel, nonce: nonce, budget: budget, progress: progress) }
      let first = await group.next()
      // If krun.sh has ended, this ends the watch. If the watch has ended, this ends krun.sh, which is then waited for.
      group.cancelAll()
      let second = await group.next()
      return (first?.end ?? .interrupted, first?.hello ?? second?.hello)
    }
  }

  private func launch(_ arguments: [String], console: FileDescriptor, messages: FileDescriptor) async -> BootEnd {
    var options = PlatformOptions()
    // krun.sh gets its own process group: then Ctrl-C reaches only kmatrix, and what outlives krun.sh can be killed.
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .terminate, allowedDurationToNextStep: .seconds(3)),
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
    ]
    do {
      let result = try await Subprocess.run(
        .path(FilePath(krun)), arguments: Arguments(arguments), platformOptions: options, input: .none,
        output: .fileDescriptor(console, closeAfterSpawningProcess: true),
        error: .fileDescriptor(messages, closeAfterSpawningProcess: true))
      _ = kill(-result.processIdentifier.value, SIGKILL)
      if Task.isCancelled { return .interrupted }
      switch result.terminationStatus {
      case .exited(let code): return .exited(Int(code))
      case .signaled(let signal): return .signaled(Int(signal))
      }
    } catch {
      return Task.isCancelled ? .interrupted : .notStarted("\(krun): cannot be run: \(error.reason)")
    }
  }

  /// Follows the channel for the live view. Returns when the guest is silent or krun.sh runs for too long.
  private func watch(
    _ channel: URL, nonce: String, budget: BootBudget, progress: @Sendable (ChannelTranscript) async -> Void
  ) async -> (end: BootEnd, hello: ContinuousClock.Instant?) {
    var parser = ChannelParser(nonce: nonce)
    var reader: FileHandle?
    let clock = ContinuousClock()
    let start = clock.now
    var lastWord = start
    var hello: ContinuousClock.Instant?
    while (try? await Task.sleep(for: .milliseconds(100))) != nil {
      if reader == nil { reader = try? FileHandle(forReadingFrom: channel) }
      if let bytes = try? reader?.readToEnd(), !bytes.isEmpty {
        parser.feed(bytes)
        lastWord = clock.now
        if hello == nil, parser.transcript.hello != nil { hello = lastWord }
        await progress(parser.transcript)
      }
      let isTalking = parser.transcript.hello != nil && parser.transcript.end == nil
      if isTalking, clock.now - lastWord > .seconds(budget.silence) {
        return (.silent(seconds: budget.silence), hello)
      }
      let limit = budget.run + budget.grace
      if clock.now - start > .seconds(limit) { return (.overdue(seconds: limit), hello) }
    }
    return (.interrupted, hello)
  }

  private static func create(_ file: URL) throws(KMatrixError) -> FileDescriptor {
    do {
      return try FileDescriptor.open(
        FilePath(file.path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw .infrastructure("\(file.path): cannot be written: \(error)")
    }
  }

  /// A faulty guest can print without end. krun.sh's time limit bounds that, and this bounds what is read into memory.
  private static let maxBytes = 16 << 20

  private static func bytes(of file: URL) -> [UInt8] {
    guard let handle = try? FileHandle(forReadingFrom: file), let data = try? handle.read(upToCount: maxBytes) else {
      return []
    }
    return Array(data)
  }

  private static func randomNonce() -> String {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension Duration {
  /// Rounded to a millisecond.
  fileprivate var inSeconds: Double { (self / .milliseconds(1)).rounded() / 1000 }
}

/// How one run of krun.sh ended.
enum BootEnd: Sendable, Equatable {
  case exited(Int)
  /// A signal killed krun.sh itself.
  case signaled(Int)
  /// krun.sh could not be started at all.
  case notStarted(String)
  /// The guest said nothing on the results channel for this many seconds, and was ended.
  case silent(seconds: Int)
  /// krun.sh ran longer than its own time limit, and was ended.
  case overdue(seconds: Int)
  /// The disk is full, so any part of the logs may be missing.
  case noSpace(String)
  /// The user ended the run.
  case interrupted
}

/// Everything that one boot produced.
struct BootArtifacts: Sendable {
  var end: BootEnd
  var console: [UInt8]
  var channel: [UInt8]
  /// krun.sh's own messages.
  var messages: String
  var nonce: String
  var seconds: Double
  /// From the start of krun.sh to the guest's hello; nil if that was not seen while it ran.
  var helloSeconds: Double?
  /// The number by which the time limits were multiplied.
  var slowdown = 1.0
}

extension BootEnd: CustomStringConvertible {
  var description: String {
    switch self {
    case .exited(let code): "\(code)"
    case .signaled(let signal): "signal \(signal)"
    case .notStarted: "not started"
    case .silent(let seconds): "ended after \(seconds) s of silence"
    case .overdue(let seconds): "ended after \(seconds) s"
    case .noSpace: "ended without space for its logs"
    case .interrupted: "interrupted"
    }
  }
}

/// The folder for the guests' consoles and channels, and the space that is free there.
struct LogFolder {
  /// A run begins only if this many bytes are free.
  static let wanted = 16 << 20
  /// If fewer bytes than this are free, a file that was being written may be cut off.
  static let least = 64 << 10

  let folder: URL

  init(_ folder: URL) {
    self.folder = folder
  }

  /// nil if it is not known.
  var freeBytes: Int? { FileManager.default.freeBytes(at: folder.path) }

  /// A log that was cut off for lack of space would look like a guest that ended too soon.
  func requireRoom() throws(KMatrixError) {
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw .infrastructure("\(folder.path): cannot be written; use --results-dir to name another folder")
    }
    guard let free = freeBytes, free < Self.wanted else { return }
    throw .infrastructure(
      "\(folder.path): no space: \(free >> 10) KiB free, logs and reports need \(Self.wanted >> 20) MiB")
  }
}
