import Foundation
import Glibc
import Synchronization

/// Shows `FetchEvent`s on standard error: one updating line on a terminal, else a line when something is done.
final class FetchReporter: Sendable {
  private struct State {
    var ready: Set<String> = []
    /// What is under way, in the order it began, with how far it is.
    var active: [(release: String, state: String)] = []
    var lineIsOpen = false
  }

  private let total: Int
  private let isTerminal: Bool
  private let state = Mutex(State())

  init(total: Int, isTerminal: Bool = isatty(STDERR_FILENO) == 1) {
    self.total = total
    self.isTerminal = isTerminal
  }

  func show(_ event: FetchEvent) {
    state.withLock { state in
      switch event {
      case .waiting(let release):
        line("\(release): waiting for another kmatrix that makes it", &state)
      case .downloading(let release, let done, let total):
        if done == 0, !isTerminal { line("\(release): downloading \(total.megabytes)", &state) }
        set(release, "\(done.megabytes.dropLast(3)) of \(total.megabytes)", &state)
      case .extracting(let release):
        set(release, "unpacking", &state)
      case .building(let release):
        if !isTerminal { line("\(release): building, which takes minutes", &state) }
        set(release, "building, which takes minutes", &state)
      case .ready(let release, let cached):
        state.ready.insert(release)
        state.active.removeAll { $0.release == release }
        if !cached, !isTerminal { line("\(release): ready", &state) }
      case .note(let text):
        line("kmatrix: \(text)", &state)
      }
      refresh(&state)
    }
  }

  /// Takes the updating line away.
  func finish() {
    state.withLock { erase(&$0) }
  }

  private func set(_ release: String, _ text: String, _ state: inout State) {
    if let index = state.active.firstIndex(where: { $0.release == release }) {
      state.active[index].state = text
    } else {
      state.active.append((release, text))
    }
  }

  private func refresh(_ state: inout State) {
    guard isTerminal, !state.active.isEmpty else { return }
    let parts = state.active.map { "\($0.release) \($0.state)" }
    erase(&state)
    write("[\(state.ready.count)/\(total)] \(parts.joined(separator: ", "))".prefix(columns - 1))
    state.lineIsOpen = true
  }

  private func line(_ text: String, _ state: inout State) {
    erase(&state)
    write("\(text)\n")
  }

  private func erase(_ state: inout State) {
    if state.lineIsOpen { write("\r\u{1b}[K") }
    state.lineIsOpen = false
  }

  private func write(_ text: some StringProtocol) {
    FileHandle.standardError.write(Data(text.utf8))
  }

  private var columns: Int {
    var size = winsize()
    // Safe: the request fills the one struct it is given.
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
    return Int(size.ws_col)
  }
}
