import ArgumentParser
import Glibc
import Synchronization

/// Notes SIGINT, SIGTERM and SIGHUP; the run looks here several times a second.
///
/// A handler rather than an ignored signal, because an ignored one would stay ignored in krun.sh.
enum Interruption {
  private static let signals = Atomic<Int>(0)

  static func install() {
    _ = count  // makes the counter exist before a handler can touch it
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in Interruption.note() }
    }
    // A reader that went away (`kmatrix run | head`) must not end kmatrix before its guests.
    signal(SIGPIPE) { _ in }
  }

  /// Runs `body`; a signal cancels it. What that makes it throw is not told, only that it was interrupted.
  static func heeded(_ body: @escaping @Sendable () async throws -> Void) async throws {
    install()
    let work = Task { try await body() }
    let watch = Task {
      while (try? await Task.sleep(for: .milliseconds(50))) != nil {
        if count > 0 { return work.cancel() }
      }
    }
    defer { watch.cancel() }
    do {
      try await work.value
    } catch  where count > 0 && !(error is ExitCode) {
      throw ExitCode(MatrixRun.interruptedCode)
    }
  }

  static var count: Int { signals.load(ordering: .relaxed) }

  private static func note() {
    signals.add(1, ordering: .relaxed)
  }
}
