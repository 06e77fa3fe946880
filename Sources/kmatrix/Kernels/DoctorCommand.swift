import ArgumentParser
import Foundation

extension KMatrix {
  struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what this machine lacks to fetch and boot the kernels, and what to do.")

    @OptionGroup var root: RootOption

    func run() async throws {
      let doctor = kmatrix.Doctor(root: try root.path(), environment: ProcessInfo.processInfo.environment)
      var failures = 0
      await doctor.examine { finding in
        print(finding.line)
        if finding.grade == .fail { failures += 1 }
      }
      if failures > 0 { throw KernelStoreError("\(failures) thing\(failures == 1 ? "" : "s") to put right") }
    }
  }
}
