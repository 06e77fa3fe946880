import Foundation
import Glibc
import Subprocess
import Testing

@testable import kmatrix

/// `kmatrix run` from outside: what it prints, writes and leaves behind.
@Suite struct RunTests {
  private static let good = #"boot "$@"; plan t_a@ebpf t_b@ebpf t_c@; pass_all"#
  /// Panics in t_b as long as it is asked for.
  private static let panicking = """
    boot "$@"; plan t_a@ebpf t_b@ebpf t_c@
    wants t_b || pass_all
    start t_a@ebpf; result t_a@ebpf pass; start t_b@ebpf; panic
    """

  @Test func allPass() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", Self.good)
    try kmatrix.kernel("5.10.0-cloud", Self.good)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud", "5.10.0-cloud"]))
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)")
    #expect(outcome.lastLine == "6 passed, 0 failed, 0 skipped")
    #expect(outcome.error == "")
    #expect(try kmatrix.results().kernels.map(\.release) == ["5.10.0-cloud", "6.1.0-cloud"])
    for name in ["junit.xml", "ktap.txt", "matrix.md", "matrix.html", "matrix.svg"] {
      #expect(kmatrix.scratch.exists("test-results/\(name)"))
    }
    #expect(kmatrix.scratch.exists("test-results/logs/6.1.0-cloud.console.txt"))
    #expect(kmatrix.scratch.exists("test-results/logs/6.1.0-cloud.channel.txt"))
  }

  @Test func afterAPanicTheRestRuns() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", Self.panicking)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    #expect(outcome.code == 1)
    #expect(outcome.lastLine == "2 passed, 1 failed, 0 skipped")
    #expect(outcome.output.contains("./krun.sh initramfs.gz linux-6.1.0-cloud quark-test -b t_b"))
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.verdict == .panic)
    #expect(kernel.boots.map(\.culprit) == ["t_b@ebpf", nil])
    #expect(kernel.boots[1].arguments == ["quark-test", "t_c"])
    #expect(kernel.tests.map(\.verdict) == [.pass, .panic, .pass])
    #expect(kernel.tests.map(\.boot) == [1, 1, 2])
    #expect(kmatrix.scratch.exists("test-results/logs/6.1.0-cloud-boot2.console.txt"))
  }

  @Test func rebootsAreBounded() async throws {
    let kmatrix = try KMatrixProcess()
    let tests = (1...9).map { "t_\($0)@ebpf" }.joined(separator: " ")
    try kmatrix.kernel("6.1.0-cloud", #"boot "$@"; plan \#(tests); set -- $planned; start "$1"; panic"#)
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.boots.count == 6)
    #expect(kernel.tests.map(\.verdict) == Array(repeating: .panic, count: 6) + [.notRun, .notRun, .notRun])
    #expect(Tally(kernel).failed == 9)
    #expect(kernel.notes == ["not booted again after 5 times; 3 tests did not run"])
  }

  @Test func aPanicWithoutProgressIsNotRepeated() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"boot "$@"; plan t_a@ebpf t_b@ebpf; panic"#)
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.verdict == .panic)
    #expect(kernel.boots.count == 1)
    #expect(kernel.tests.map(\.verdict) == [.notRun, .notRun])
  }

  @Test func aFlakyBootIsTriedAgainAndTold() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"[ $boots = 1 ] && exit 127; \#(Self.good)"#)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("boot 1 was BOOT-FAIL and was tried again: init was never reached"))
    #expect(try kmatrix.results().kernels.first?.boots.map(\.verdict) == [.bootFail, .pass])
  }

  @Test func twoFailedBootsAreAFailure() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"echo "krun.sh: init was not reached" >&2; exit 127"#)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    #expect(outcome.code == 1)
    #expect(outcome.lastLine == "0 passed, 1 failed, 0 skipped")
    #expect(try kmatrix.results().kernels.first?.boots.count == 2)
  }

  @Test func hangOfAnUnresponsiveKrunIsEnded() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", "boot \"$@\"; plan t_a@ebpf; start t_a@ebpf; exit 124")
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.verdict == .hang)
    #expect(kernel.tests.map(\.verdict) == [.hang])
  }

  @Test func theNegativeBootPassesIfThePanicIsJudgedRightly() async throws {
    let kmatrix = try KMatrixProcess()
    let script = """
      boot "$@"; plan t_probe@ebpf x_panic@ t_exit_tgid@ebpf
      if wants x_panic && [ -n "$wanted" ]; then
        start t_probe@ebpf; result t_probe@ebpf pass; start x_panic@; panic
      fi
      pass_all
      """
    try kmatrix.kernel("7.3.0-cloud", script)
    try kmatrix.kernel("7.10.0-cloud", script)
    let arguments = try kmatrix.runArguments(["7.3.0-cloud", "7.10.0-cloud"])
    let outcome = try await kmatrix.run(arguments + ["--negative"])
    #expect(outcome.code == 0, "\(outcome.output)")
    let negative = try #require(try kmatrix.results().kernels.last)
    #expect(negative.title == "negative: 7.10.0-cloud")
    #expect(negative.verdict == .pass)
    #expect(negative.boots.map(\.verdict) == [.panic, .pass])
    #expect(negative.boots.map(\.culprit) == ["x_panic", nil])
    #expect(kmatrix.scratch.exists("test-results/logs/negative-7.10.0-cloud-boot2.console.txt"))
    let without = try await kmatrix.run(arguments)
    #expect(without.code == 0)
    #expect(try kmatrix.results().kernels.count == 2)
  }

  /// On a kernel without BTF half of what the row runs beside the panic is skipped.
  @Test func theNegativeBootIsOfAKernelWithBTF() async throws {
    let kmatrix = try KMatrixProcess()
    for release in ["5.10.0-cloud", "6.1.176-nobtf"] { try kmatrix.kernel(release, Self.good) }
    let both = try kmatrix.runArguments(["5.10.0-cloud", "6.1.176-nobtf"])
    _ = try await kmatrix.run(both + ["--negative"])
    #expect(try kmatrix.results().kernels.last?.title == "negative: 5.10.0-cloud")
    let one = try await kmatrix.run(kmatrix.runArguments(["6.1.176-nobtf"]) + ["--negative"])
    #expect((one.code, one.error) == (2, "kmatrix: --negative wants a kernel with BTF\n"))
  }

  @Test func aNegativeBootThatDoesNotPanicFails() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("7.3.0-cloud", #"boot "$@"; plan t_probe@ebpf x_panic@ t_exit_tgid@ebpf; pass_all"#)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["7.3.0-cloud"]) + ["--negative"])
    #expect(outcome.code == 1)
    let negative = try #require(try kmatrix.results().kernels.last)
    #expect(negative.verdict == .fail)
    #expect(negative.reasons.contains { $0.contains("the kernel's verdict is PASS, not PANIC") })
    #expect(negative.reasons.contains { $0.contains("the culprit is not named") })
  }

  @Test func optionsReachTheGuest() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", Self.good)
    let arguments = try kmatrix.runArguments(["6.1.0-cloud"]) + ["--tests", "t_a,t_c", "--", "-b", "-v"]
    let outcome = try await kmatrix.run(arguments)
    #expect(outcome.lastLine == "2 passed, 0 failed, 0 skipped")
    #expect(try kmatrix.results().kernels.first?.boots.first?.arguments == ["quark-test", "-b", "-v", "t_a", "t_c"])
  }

  @Test func shardsTogetherAreTheWhole() async throws {
    let kmatrix = try KMatrixProcess()
    let releases = (1...5).map { "6.\($0).0-cloud" }
    for release in releases { try kmatrix.kernel(release, Self.good) }
    for shard in 1...2 {
      let arguments = try kmatrix.runArguments(releases) + ["--shard", "\(shard)/2", "--results-dir", "part\(shard)"]
      #expect(try await kmatrix.run(arguments).code == 0)
    }
    let merged = try await kmatrix("merge", "part1/results.json", "part2", "-o", "whole")
    #expect(merged.code == 0)
    #expect(merged.lastLine == "15 passed, 0 failed, 0 skipped")
    #expect(try kmatrix.results(in: "whole").kernels.map(\.release) == releases)
    for release in releases { #expect(kmatrix.scratch.exists("whole/logs/\(release).console.txt")) }
    let twice = try await kmatrix("merge", "part1", "part1", "-o", "whole")
    #expect(twice.code == 2)
    let diff = try await kmatrix("diff", "whole", "part1")
    #expect(diff.code == 1)
    #expect(diff.output.hasPrefix("Gone:\n"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalEndsGuestsAndKeepsResults(_ signal: Int32) async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("5.10.0-cloud", Self.good)
    // A krun.sh that does not listen, with a child that stands for its qemu.
    try kmatrix.kernel(
      "6.1.0-cloud",
      #"trap '' TERM INT; boot "$@"; plan t_a@ebpf t_b@ebpf; start t_a@ebpf; result t_a@ebpf pass; start t_b@ebpf; "#
        + #"sleep 300 & echo "$! $$" >pids; wait"#)
    try kmatrix.kernel("6.2.0-cloud", Self.good)
    let arguments = try kmatrix.runArguments(["5.10.0-cloud", "6.1.0-cloud", "6.2.0-cloud"]) + ["--jobs", "1"]
    try kmatrix.scratch.write("costs.json", #"{"5.10-generic": 3, "6.1-generic": 2, "6.2-generic": 1}"#)
    let result = try await Subprocess.run(
      kmatrix.configuration(arguments + ["--costs", "costs.json"]), input: .none, output: .discarded,
      error: .discarded
    ) { execution in
      try await waitFor { (try? kmatrix.scratch.text("pids").hasSuffix("\n")) == true }
      try execution.send(signal: Signal(rawValue: signal))
    }
    #expect(result.terminationStatus == .exited(130))
    let pids = try kmatrix.scratch.text("pids").split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
    #expect(pids.count == 2)
    for pid in pids { #expect(!isAlive(pid), "process \(pid) was left behind") }
    let results = try kmatrix.results()
    #expect(results.interrupted)
    #expect(results.kernels.map(\.verdict) == [.pass, .notRun, .notRun])
    #expect(results.kernels[1].tests.map(\.verdict) == [.pass, .notRun])
  }

  /// A zombie is dead, too: reaping it is init's business.
  private func isAlive(_ pid: pid_t) -> Bool {
    guard let stat = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")) else { return false }
    return !String(decoding: stat, as: UTF8.self).contains(") Z ")
  }

  private func waitFor(_ condition: () -> Bool) async throws {
    for _ in 0..<600 where !condition() { try await Task.sleep(for: .milliseconds(50)) }
    try #require(condition(), "it did not happen within half a minute")
  }
}
