import Foundation
import QuarkLinux

/// Reads trees, as many files at a time as there are processors.
struct Generator {
  struct Result {
    var kernels: [KnownKernel] = []
    /// One line for each file.
    var report: [String] = []
    var refused: [ArchiveFile.Refusal] = []
  }

  /// Two files have different offsets for the same kernel.
  struct Conflict: Error {
    var reason: String
  }

  let trees: [ArchiveTree]
  var width = max(1, ProcessInfo.processInfo.activeProcessorCount)

  private struct Ready: Sendable {
    var index: Int
    var outcome: ArchiveFile.Outcome
  }

  /// Reads the files; the results are in the order of the trees and their paths.
  func read() async throws -> Result {
    let files = trees.flatMap(\.files)
    let width = width
    let ready = await withTaskGroup(of: Ready.self, returning: [Ready].self) { group in
      var ready: [Ready] = []
      for (index, file) in files.enumerated() {
        if index >= width, let one = await group.next() { ready.append(one) }
        group.addTask { Ready(index: index, outcome: await file.read()) }
      }
      for await one in group { ready.append(one) }
      return ready
    }
    return try collect(files, ready.sorted { $0.index < $1.index })
  }

  private func collect(_ files: [ArchiveFile], _ ready: [Ready]) throws -> Result {
    precondition(ready.count == files.count)
    var result = Result()
    var known: [String: KnownKernel] = [:]
    for (file, one) in zip(files, ready) {
      switch one.outcome {
      case .refused(let refusal):
        result.refused.append(refusal)
        result.report.append("\(file.path): \(refusal.reason)")
      case .kernel(let kernel):
        result.report.append("\(file.path): ok")
        guard let other = known[kernel.path] else {
          known[kernel.path] = kernel
          result.kernels.append(kernel)
          continue
        }
        guard other.offsets == kernel.offsets else {
          throw Conflict(
            reason: "\(kernel.path): two files have different offsets: \(other.sha256) and \(kernel.sha256)")
        }
      }
    }
    return result
  }
}
