import ArgumentParser
import Foundation

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the kernels, and say which of them are cached.")

  @OptionGroup var root: RootOption
  @OptionGroup var selection: SelectionOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let store = try root.store()
    let set = selection.set ?? (selection.kernels == nil ? KernelManifest.everything : nil)
    var rows: [KernelListing] = []
    for kernel in try store.select(set: set, glob: selection.kernels) {
      rows.append(try await KernelListing(kernel, in: store))
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      StandardOutput.line(String(decoding: try encoder.encode(rows), as: UTF8.self))
    } else {
      StandardOutput.line(KernelListing.table(rows))
    }
  }
}

/// One line of `kmatrix list`.
struct KernelListing: Codable, Sendable, Equatable {
  var release: String
  var series: String
  var flavour: String
  var suite: String
  var sets: [String]
  /// `yes`, `no`, `corrupt` or `replaced`. Only sizes are compared; `kmatrix verify` compares the bytes.
  var cached: String
  /// The size of the image, in bytes.
  var size: Int

  init(_ kernel: LockedKernel, in store: KernelStore) async throws(KernelStoreError) {
    (release, series, flavour) = (kernel.release, kernel.series, kernel.flavour.rawValue)
    suite = kernel.suite
    size = kernel.isBuilt ? KernelCache.size(of: store.cache.image(of: kernel)) ?? 0 : kernel.imageSize
    sets = (store.manifest.source(named: kernel.name)?.sets ?? []) + [KernelManifest.everything]
    cached =
      switch try await store.cache.state(of: kernel, .quick) {
      case .present: "yes"
      case .missing: store.cache.replacement(for: kernel) == nil ? "no" : "replaced"
      case .corrupt: "corrupt"
      }
  }

  static func table(_ rows: [KernelListing]) -> String {
    let head = ["RELEASE", "SERIES", "FLAVOUR", "SUITE", "SETS", "CACHED", "SIZE"]
    let cells =
      [head]
      + rows.map {
        [$0.release, $0.series, $0.flavour, $0.suite, $0.sets.joined(separator: ","), $0.cached, $0.size.megabytes]
      }
    let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
        .trimmingSpaces
    }.joined(separator: "\n")
  }
}
