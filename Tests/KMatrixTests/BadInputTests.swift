import Foundation
import Subprocess
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

  @Test func helpIsNoError() async throws {
    let outcome = try await KMatrixProcess()("run", "--help")
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("--shard"))
    #expect(outcome.error == "")
  }
}
