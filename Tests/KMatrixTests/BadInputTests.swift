import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import kmatrix

/// Each mistake gives one line that names the input, and the right exit code.
@Suite struct BadInputTests {
  private static let good = #"boot "$@"; plan t_a@ebpf; pass_all"#

  private func expect(
    _ outcome: KMatrixProcess.Outcome, code: Int, _ part: String, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.code == code, sourceLocation: location)
    #expect(outcome.error.hasPrefix("kmatrix: "), "\(outcome.error)", sourceLocation: location)
    #expect(outcome.error.contains(part), "\(outcome.error)", sourceLocation: location)
    #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)", sourceLocation: location)
  }

  @Test func whatIsMissing() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", Self.good)
    let arguments = try kmatrix.runArguments(["6.1.0-cloud"])
    expect(try await kmatrix.run(arguments + ["--initramfs", "none.gz"]), code: 3, "none.gz: cannot be read")
    expect(try await kmatrix("run", "--image", "linux-6.1", "--krun", "./none.sh"), code: 3, "./none.sh")
    expect(try await kmatrix.run(kmatrix.runArguments(["9.9"])), code: 3, "linux-9.9: cannot be read")
    expect(try await kmatrix.run(arguments, environment: ["FAKE_DRY_RUN": "125"]), code: 3, "cannot run guests here")
    expect(try await kmatrix.run(arguments + ["--results-dir", "/proc/none"]), code: 3, "/proc/none")
  }

  @Test func whatMakesNoSense() async throws {
    let kmatrix = try KMatrixProcess()
    let krun = try Fixture.url("fake-krun.sh").path
    try kmatrix.kernel("6.1.0-cloud", Self.good)
    let arguments = try kmatrix.runArguments(["6.1.0-cloud"])
    expect(try await kmatrix.run(arguments + ["--shard", "3/2"]), code: 2, "3/2")
    expect(try await kmatrix.run(arguments + ["--jobs", "0"]), code: 2, "--jobs 0")
    let most = "9223372036854775807"
    for (option, limit) in [("--jobs", 1000), ("--cpus", 255), ("--shuffle", 2_147_483_647), ("--timeout", 86_400)] {
      let outcome = try await kmatrix.run(arguments + [option, most])
      expect(outcome, code: 2, "\(option) \(most): not a number from 1 to \(limit)")
    }
    expect(try await kmatrix("verify-btf", "--jobs", most), code: 2, "--jobs \(most): not a number from 1 to 1000")
    expect(try await kmatrix.run(arguments + ["--set", "quick"]), code: 2, "--set and --image exclude each other")
    expect(try await kmatrix.run(arguments + ["--kernels", "7.*"]), code: 2, "no --image matches \"7.*\"")
    expect(try await kmatrix("run", "--krun", krun), code: 2, "no kernel-images/kernels.toml")
    expect(try await kmatrix.run(arguments + arguments.suffix(2)), code: 2, "6.1.0-cloud is given twice")
    expect(try await kmatrix("run", "--image", "bzImage", "--krun", krun), code: 2, "bzImage")
    expect(try await kmatrix("sing"), code: 2, "sing")
    expect(try await kmatrix("report", "none"), code: 2, "none: no such file")
    expect(try await kmatrix("merge", "-o", "x"), code: 2, "inputs")
  }

  @Test func anUnknownTestIsSaidOnce() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"boot "$@"; echo "no test named t_zzz"; leave 1"#)
    try kmatrix.kernel("6.2.0-cloud", #"boot "$@"; echo "no test named t_zzz"; leave 1"#)
    let arguments = try kmatrix.runArguments(["6.1.0-cloud", "6.2.0-cloud"]) + ["--tests", "t_zzz"]
    expect(try await kmatrix.run(arguments), code: 2, "no such test: no test named t_zzz")
  }

  @Test func infrastructureOnEveryKernelIsExitThree() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"echo "krun.sh: no qemu-system-x86_64 in PATH" >&2; exit 125"#)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    expect(outcome, code: 3, "no qemu-system-x86_64 in PATH")
    #expect(outcome.lastLine == "0 passed, 1 failed, 0 skipped")
  }

  @Test func aFullDiskIsSaid() async throws {
    let kmatrix = try KMatrixProcess()
    try ReportWriter(folder: kmatrix.scratch.url).write(FakeRun.rich)
    let words = ["-c", #"exec "$0" report "$1" >/dev/full"#, KMatrixProcess.executable.string, kmatrix.scratch.url.path]
    let result = try await Subprocess.run(
      .path("/bin/sh"), arguments: Arguments(words), output: .discarded, error: .string(limit: 1 << 16))
    #expect(result.terminationStatus == .exited(3))
    #expect(result.standardError == "kmatrix: standard output: cannot be written: No space left on device\n")
  }

  /// A report says that the logs to which it links are missing, except for results that were kept without logs.
  @Test func logsThatCannotBeReadAreSaid() async throws {
    let kmatrix = try KMatrixProcess()
    let part = FakeRun.results([FakeRun.kernel("6.1.0", .pass, tests: [FakeRun.test("t_a", .pass)])])
    try kmatrix.scratch.write(String(decoding: try part.encoded(), as: UTF8.self), to: "part/results.json")
    #expect(try await kmatrix("merge", "part", "-o", "all").code == 0)
    try kmatrix.scratch.write("", to: "part/logs")
    expect(try await kmatrix("merge", "part", "-o", "all"), code: 3, "part/logs: cannot be read: ")
  }

  @Test func helpIsNoError() async throws {
    let outcome = try await KMatrixProcess()("run", "--help")
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("--shard"))
    #expect(outcome.error == "")
  }
}
