import ArgumentParser

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare the cached images, byte for byte, with the lock.")

  @OptionGroup var root: RootOption
  @OptionGroup var selection: SelectionOptions

  func run() async throws {
    let store = try root.store()
    var bad: [String] = []
    for kernel in try store.select(set: selection.set, glob: selection.kernels) {
      switch try await store.cache.state(of: kernel, .full) {
      case .present:
        if let why = try await faultOfModules(kernel, store) {
          bad.append(kernel.release)
          StandardOutput.line("\(kernel.release): CORRUPT: its modules: \(why)")
        } else {
          StandardOutput.line("\(kernel.release): ok")
        }
      case .missing:
        bad.append(kernel.release)
        let other = store.cache.replacement(for: kernel).map { " (\($0.kernel.release) takes its place)" } ?? ""
        StandardOutput.line("\(kernel.release): MISSING\(other)")
      case .corrupt(let why):
        bad.append(kernel.release)
        StandardOutput.line("\(kernel.release): CORRUPT: \(why)")
      }
    }
    guard bad.isEmpty else {
      throw KernelStoreError("these images are not as locked: \(bad.list); `kmatrix fetch` makes them again")
    }
  }

  /// That there are none is no fault: the archive may no longer have them.
  private func faultOfModules(_ kernel: LockedKernel, _ store: KernelStore) async throws(KernelStoreError) -> String? {
    guard let modules = KernelModules(kernel),
      case .corrupt(let why) = try await modules.state(in: store.cache, .full)
    else { return nil }
    return why
  }
}
