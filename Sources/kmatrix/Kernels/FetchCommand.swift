import ArgumentParser
import Foundation
import Glibc
import Synchronization

struct FetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Put kernel images into the cache and link them under kernel-images/amd64.")

  @OptionGroup var root: RootOption
  @OptionGroup var selection: SelectionOptions
  @Flag(help: "Fail if the mirror has dropped a package, instead of replacing the kernel.") var locked = false
  @Flag(help: "Use only what is cached.") var offline = false
  @Flag(help: "Keep the packages in the cache.") var keepDebs = false
  @Flag(help: "For kernels that are built without BTF, fetch the BTF that they would have, not the images.")
  var btf = false

  func run() async throws { try await Interruption.cancelling { try await fetch() } }

  private func fetch() async throws {
    let store = try root.store()
    let kernels = try store.select(set: selection.set, glob: selection.kernels)
    let reporter = FetchReporter(total: kernels.count)
    defer { reporter.finish() }
    let options = FetchOptions(locked: locked, offline: offline, keepDebs: keepDebs, check: .full)
    if btf { return try await fetchBTF(kernels, store, options, reporter) }
    let result = try await store.fetchImages(kernels, options) { reporter.show($0) }
    reporter.finish()
    // Standard output has only paths; replacements were announced on standard error.
    for image in result.images { StandardOutput.line(image.path) }
    for missing in result.missing.dropLast() { KMatrix.complain(missing.error.description) }
    if let last = result.missing.last { throw last.error }
  }

  private func fetchBTF(
    _ kernels: [LockedKernel], _ store: KernelStore, _ options: FetchOptions, _ reporter: FetchReporter
  ) async throws {
    let built = kernels.filter(\.isBuilt)
    guard !built.isEmpty else { throw KernelStoreError(.usage, "--btf: none of these kernels is built here") }
    for kernel in built {
      let file = try await store.ensureBTF(ofBuilt: kernel, options) { reporter.show($0) }
      reporter.finish()
      StandardOutput.line("\(file)")
    }
  }
}

/// Shows `FetchEvent`s on standard error: on a terminal as one line that is updated, otherwise as a line for each step.
final class FetchReporter: Sendable {
  private struct State {
    var ready: Set<String> = []
    /// The images that are being made, in the order in which they were begun, with their progress.
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
        line("\(release): waiting for another kmatrix, which is making it", &state)
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

  /// Removes the updating line.
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
    let columns = StandardOutput.terminalSize(STDERR_FILENO).columns
    erase(&state)
    write("[\(state.ready.count)/\(total)] \(parts.joined(separator: ", "))".prefix(max(20, columns) - 1))
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
    // Not `write(_:)`, which ends the program if the disk is full or the reader has ended.
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
