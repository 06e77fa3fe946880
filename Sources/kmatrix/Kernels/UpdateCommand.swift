import ArgumentParser
import Foundation
import SystemPackage

extension KMatrix {
  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find out anew which packages the kernels of kernels.toml are, and write kernels.lock.")

    @OptionGroup var root: RootOption
    @Option(help: "Only kernels of this series; the others stay as they are locked.") var series: String?

    func run() async throws {
      let root = try root.path()
      let environment = ProcessInfo.processInfo.environment
      let manifest = try KernelManifest.load(KernelStore.manifestPath(root))
      let path = KernelStore.lockPath(root)
      let exists = FileManager.default.fileExists(atPath: path.string)
      let old = exists ? try KernelLock.load(path) : KernelLock(kernels: [])
      let cache = try KernelCache.standard(environment)
      let archive = AptArchive(cache: cache, environment: environment)
      let update = KernelUpdate(manifest: manifest, cache: cache, archive: archive, root: root)

      let (sources, kept) = try update.split(by: series, old)
      let reporter = FetchReporter(total: sources.count)
      defer { reporter.finish() }
      let found = try await update.resolve(sources, known: old.kernels) { reporter.show($0) }
      reporter.finish()
      let new = KernelLock(kernels: kept + found)
      if new != old { try new.write(to: path) }
      print(old.changes(to: new))
    }
  }
}

extension KernelUpdate {
  /// The sources to look up, and what of the old lock stays for the others.
  func split(by series: String?, _ old: KernelLock) throws(KernelStoreError)
    -> (sources: [KernelManifest.Source], kept: [LockedKernel])
  {
    guard let series else { return (manifest.sources, []) }
    let sources = manifest.sources.filter { $0.series == series }
    guard !sources.isEmpty else {
      let known = Set(manifest.sources.map(\.series)).sorted { $0.compare($1, options: .numeric) == .orderedAscending }
      throw KernelStoreError(.usage, "no kernel of series \"\(series)\"; there are \(known.list)")
    }
    let names = Set(sources.map(\.name))
    let kept = old.kernels.filter { !names.contains($0.name) && manifest.source(named: $0.name) != nil }
    return (sources, kept)
  }
}

extension KernelLock {
  /// What an update changed, a line each.
  func changes(to new: KernelLock) -> String {
    func byName(_ lock: KernelLock) -> [String: LockedKernel] {
      Dictionary(lock.kernels.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let (before, after) = (byName(self), byName(new))
    var lines = new.kernels.compactMap { kernel -> String? in
      guard let old = before[kernel.name] else { return "+ \(kernel.name): \(kernel.release) (\(kernel.suite))" }
      if old == kernel { return nil }
      return "~ \(kernel.name): \(old.release) \(old.version) -> \(kernel.release) \(kernel.version) (\(kernel.suite))"
    }
    lines += kernels.filter { after[$0.name] == nil }.map { "- \($0.name): \($0.release)" }
    return lines.isEmpty ? "nothing changed" : lines.joined(separator: "\n")
  }
}
