import Foundation

@testable import kmatrix

/// A recorded boot under Fixtures/Boots: its console, its channel, and how krun.sh ended.
struct Recorded {
  static let release = "6.1.0-47-cloud-amd64"
  static let nonce = "00c0ffee00c0ffee"

  var artifacts: BootArtifacts

  init(_ name: String, exit: Int, messages: String = "") throws {
    try self.init(name, end: .exited(exit), messages: messages)
  }

  init(_ name: String, end: BootEnd, messages: String = "") throws {
    artifacts = BootArtifacts(
      end: end, console: try Fixture.bytes("Boots/\(name).console.txt"),
      channel: try Fixture.bytes("Boots/\(name).channel.txt"), messages: messages, nonce: Self.nonce, seconds: 3)
  }

  var judge: BootJudge { judge(of: GuestCommand(tests: [])) }

  func judge(of command: GuestCommand) -> BootJudge { Self.judge(artifacts, of: command) }

  static func judge(_ artifacts: BootArtifacts, of command: GuestCommand = GuestCommand(tests: [])) -> BootJudge {
    BootJudge(artifacts, release: release, command: command)
  }

  /// The verdict on a kernel whose one boot this is.
  func kernel(expecting expectations: [Expectation] = []) -> KernelResult {
    var kernel = KernelJudge(
      KernelImage(
        release: Self.release, series: "6.1", flavour: "cloud", path: "linux-\(Self.release)", replaces: nil,
        expectations: expectations))
    add(to: &kernel)
    return kernel.result()
  }

  /// Adds this as one more boot of a kernel.
  func add(to kernel: inout KernelJudge) {
    let judge = judge
    kernel.add(
      judge,
      record: BootRecord(
        arguments: ["quark-test"], exit: artifacts.end.description, verdict: judge.verdict, seconds: 3,
        culprit: judge.culprit?.label, console: "logs/console.txt", channel: "logs/channel.txt"))
  }
}

enum Fixture {
  static func url(_ name: String) throws -> URL {
    guard let folder = Bundle.module.url(forResource: "Fixtures", withExtension: nil) else {
      throw CocoaError(.fileNoSuchFile)
    }
    return folder.appending(path: name)
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: url(name)))
  }

  static func text(_ name: String) throws -> String {
    String(decoding: try bytes(name), as: UTF8.self)
  }
}
