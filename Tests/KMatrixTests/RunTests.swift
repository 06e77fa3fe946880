import Foundation
import Glibc
import Subprocess
import Testing

@testable import kmatrix

/// `kmatrix run` from outside: what it prints, writes and leaves behind.
@Suite struct RunTests {
  private static let good = #"boot "$@"; plan t_a@ebpf t_b@ebpf t_c@; pass_all"#
  /// Panics in t_b as often as t_b is run.
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
    let tests = (1...15).map { "t_\($0)@ebpf" }.joined(separator: " ")
    try kmatrix.kernel("6.1.0-cloud", #"boot "$@"; plan \#(tests); set -- $planned; start "$1"; panic"#)
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.boots.count == 1 + PendingBoots.maxReboots)
    #expect(kernel.tests.map(\.verdict) == Array(repeating: .panic, count: 13) + [.notRun, .notRun])
    #expect(Tally(kernel).failed == 15)
    #expect(kernel.notes == ["booted again 12 times, which is the limit; 2 tests did not run"])
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

  /// What the emulator did to the first boot counts once: a kernel that it breaks again has not been tested.
  @Test(arguments: [(1, 0), (2, 1)] as [(Int, Int32)])
  func aBootThatTheEmulatorBrokeIsTriedAgain(broken: Int, code: Int32) async throws {
    let kmatrix = try KMatrixProcess()
    let oops = """
      echo '[    1.960000] Oops: int3: 0000 [#1] SMP'
      echo '[    1.960000] Code: 0f 1f 44 00 00 0f 1f <44> 00 00 55 48'
      """
    try kmatrix.kernel("6.1.0-cloud", "[ $boots -le \(broken) ] && { \(oops); }; \(Self.good)")
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    #expect(outcome.code == code)
    #expect(
      outcome.output.contains("boot 1 was CRASH and was tried again: the emulator executed code that was not there"))
    #expect(try kmatrix.results().kernels.first?.boots.map(\.verdict) == [.crash, code == 0 ? .pass : .crash])
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

  /// Some tests panic the kernel, side by side with others and also by themselves.
  private static func deadly(_ deadly: String..., plan: String, pass: String = "") -> String {
    """
    boot "$@"; plan \(plan)
    deadly() { case " \(deadly.joined(separator: " ")) " in *" $1 "*) ;; *) false ;; esac; }
    if alone; then
      for test in $planned; do start "$test"; deadly "$test" && panic; result "$test" pass; done
      queue own; finish "$(echo $planned | wc -w)" 0 0
    fi
    start_all
    for test in $planned; do deadly "$test" && panic; done
    for test in $planned; do result "$test" pass; done
    queue shared; finish "$(echo $planned | wc -w)" 0 0
    """
  }

  @Test func theCulpritIsFoundAmongSeveral() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", Self.deadly("t_b@ebpf", plan: "t_a@ebpf t_b@ebpf t_c@"))
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    #expect(outcome.lastLine == "2 passed, 1 failed, 0 skipped")
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.verdict == .panic)
    #expect(kernel.boots.map(\.arguments) == [
      ["quark-test"], ["quark-test", "-j", "1", "t_a", "t_b", "t_c"], ["quark-test", "t_c"],
    ])
    #expect(kernel.boots.map(\.suspects) == [["t_a@ebpf", "t_b@ebpf", "t_c"], nil, nil])
    #expect(kernel.boots.map(\.culprit) == [nil, "t_b@ebpf", nil])
    #expect(kernel.tests.map(\.verdict) == [.pass, .panic, .pass])
    #expect(kernel.tests.map(\.boot) == [2, 2, 3])
  }

  /// Each culprit panics with one backend only: t_a with KPROBE and t_b with EBPF.
  @Test func severalCulpritsAreAllFound() async throws {
    let kmatrix = try KMatrixProcess()
    let plan = "t_a@ebpf t_a@kprobe t_b@ebpf t_b@kprobe t_c@"
    // Does as quark-test, where -b selects one backend and -k the other.
    let script = """
      case "$*" in *" -b"*) only=ebpf ;; *" -k"*) only=kprobe ;; *) only= ;; esac
      all='\(plan)' list=
      for test in $all; do
        case $test in *@"$only" | *@) ;; *) [ "$only" ] && continue ;; esac
        list="$list $test"
      done
      \(Self.deadly("t_a@kprobe", "t_b@ebpf", plan: "$list"))
      """
    try kmatrix.kernel("6.1.0-cloud", script)
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]) + ["--shuffle", "5"])
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.tests.map(\.verdict) == [.pass, .panic, .panic, .pass, .pass], "\(kernel.boots)")
    #expect(kernel.boots.compactMap(\.culprit) == ["t_a@kprobe", "t_b@ebpf"])
    #expect(kernel.boots.allSatisfy { $0.arguments.contains("-s") })
    #expect(kernel.boots.count <= 6)
  }

  @Test func ifNobodyDoesItAloneTheKernelKeepsItsVerdict() async throws {
    let kmatrix = try KMatrixProcess()
    let script = """
      boot "$@"; plan t_a@ebpf t_b@ebpf t_c@
      alone && pass_all
      wants t_a || pass_all
      start t_a@ebpf; start t_b@ebpf; echo 'exited with 124'; exit 124
      """
    try kmatrix.kernel("6.1.0-cloud", script)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    #expect(outcome.lastLine == "1 passed, 2 failed, 0 skipped")
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.verdict == .hang)
    #expect(kernel.boots.map(\.arguments) == [
      ["quark-test"], ["quark-test", "-j", "1", "t_a", "t_b"], ["quark-test", "t_c"],
    ])
    #expect(kernel.tests.map(\.verdict) == [.fail, .fail, .pass])
    #expect(kernel.tests[0].reason
      == "it ran beside t_b@ebpf, and boot 1 was HANG: the time limit ran out in the guest; by itself it passes")
    #expect(kernel.tests[0].rerun == kernel.rerun, "by itself it would not fail")
    #expect(outcome.output.contains("while t_a@ebpf t_b@ebpf ran, and none of them causes that by itself"))
  }

  @Test func suspectsThatCannotBeTriedHaveFailed() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"boot "$@"; plan t_a@ t_b@; alone && panic; start_all; panic"#)
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    let kernel = try #require(try kmatrix.results().kernels.first)
    #expect(kernel.boots.count == 2)
    #expect(kernel.tests.map(\.verdict) == [.fail, .fail])
    #expect(kernel.notes == ["not booted again, because the last boot settled no test"])
  }

  /// Tests that do not fit in one boot's words are not forgotten when that boot ends too soon.
  @Test func aLongListIsRunToItsEnd() async throws {
    let kmatrix = try KMatrixProcess()
    let names = (1...40).map { "t_\($0)" }
    try kmatrix.kernel(
      "6.1.0-cloud", Self.deadly("t_2@", plan: names.map { "\($0)@" }.joined(separator: " ")))
    let arguments = try kmatrix.runArguments(["6.1.0-cloud"]) + ["--tests", names.joined(separator: ",")]
    #expect(try await kmatrix.run(arguments).lastLine == "39 passed, 1 failed, 0 skipped")
  }

  @Test func theOrderIsSaidAndKept() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", #"boot "$@"; plan t_a@ t_b@; start t_a@; result t_a@ fail; start t_b@; "#
      + #"result t_b@ pass; finish 1 1 0"#)
    let arguments = try kmatrix.runArguments(["6.1.0-cloud"])
    let outcome = try await kmatrix.run(arguments + ["--shuffle", "77", "--alone"])
    #expect(outcome.output.contains("seed 77"))
    let results = try kmatrix.results()
    #expect(results.seed == 77)
    #expect(results.kernels[0].boots[0].arguments == ["quark-test", "-s", "77", "-j", "1"])
    #expect(results.kernels[0].rerun?.hasSuffix("quark-test -s 77 -j 1") == true)
    #expect(results.kernels[0].tests[0].rerun?.hasSuffix("quark-test -s 77 -j 1 t_a") == true)
  }

  @Test func whatRepeatsAFailureHasTheGuestsSettings() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", Self.panicking)
    _ = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]) + ["--cpus", "2"])
    let rerun = try #require(try kmatrix.results().kernels.first?.rerun)
    #expect(rerun == "./krun.sh --cpus 2 initramfs.gz linux-6.1.0-cloud quark-test")

    let image = try #require(ImageFiles.image("linux-6.1.0-cloud"))
    let command = GuestCommand(arguments: ["quark-test-both", "-b"], tests: ["t_a"])
    let guest = GuestSettings(initramfs: "other.gz", cpus: 2, timeout: 600)
    #expect(
      try StoredKernels().rerun(image, command: command, in: guest)
        == "make test-kernel KERNELS=6.1.0-cloud TESTS=t_a CPUS=2 "
        + "'ARGS=--initramfs other.gz --timeout 600 -- quark-test-both -b'")
    #expect(
      try StoredKernels().rerun(image, command: GuestCommand(tests: []), in: GuestSettings())
        == "make test-kernel KERNELS=6.1.0-cloud")
  }

  @Test func aGuestThatDoesNotShuffleFails() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("6.1.0-cloud", "seed=0; \(Self.good)")
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]) + ["--shuffle", "77"])
    #expect(outcome.code == 1)
    #expect(outcome.output.contains("the tests were to be shuffled with seed 77, but the guest used 0"))
  }

  @Test func whereTheTimeWentIsSaid() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel(
      "6.1.0-cloud",
      #"boot "$@"; plan t_a@ebpf; start t_a@ebpf; result t_a@ebpf pass; queue q; finish 1 0 0"#)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["6.1.0-cloud"]))
    let lines = outcome.output.split(separator: "\n").map(String.init)
    let first = try #require(lines.firstIndex(of: "Where the time of all kernels together went:"))
    #expect(lines[(first + 1)...(first + 6)].map { $0.split(separator: " ").first } == [
      "fetch", "boot", "open", "tests", "close", "waiting",
    ])
    #expect(lines[first + 8] == "    0.1 s  t_a@ebpf on 6.1.0-cloud")
    let phases = try #require(try kmatrix.results().kernels[0].boots[0].phases)
    #expect(phases.values.dropFirst().map { ($0 * 1000).rounded() } == [299, 158, 193, 250])
    #expect(try kmatrix.results().fetchSeconds != nil)
    #expect(try kmatrix.scratch.text("test-results/matrix.html").contains("<th scope=\"col\">waiting</th>"))
  }

  @Test func theFloorHolds() async throws {
    let kmatrix = try KMatrixProcess()
    for release in ["6.1.0-cloud", "6.1.1-cloud", "6.2.0-cloud"] { try kmatrix.kernel(release, Self.good) }
    let arguments = try kmatrix.runArguments(["6.1.0-cloud", "6.1.1-cloud", "6.2.0-cloud"])
    #expect(try await kmatrix.run(arguments + ["--floor", "3/2"]).code == 0)
    let low = try await kmatrix.run(arguments + ["--floor", "3/3"])
    #expect(low.code == 1)
    #expect(low.output.contains("Below the floor of 3 kernels of 3 series: 3 of 2 series passed"))
    #expect(low.lastLine == "9 passed, 0 failed, 0 skipped")
    try kmatrix.kernel("6.2.0-cloud", "exit 127")
    let failed = try await kmatrix.run(arguments + ["--floor", "3/2"])
    #expect(failed.output.contains("  6.2.0-cloud: BOOT-FAIL: boot 2: init was never reached\n"))
    #expect(try await kmatrix.run(arguments + ["--floor", "3/2", "--shard", "1/2"]).code == 2)
    #expect(try await kmatrix.run(arguments + ["--floor", "3/4"]).code == 2)
  }

  @Test(arguments: [("50", "negative: 6.1.1-cloud"), ("2", "6.2.0-nobtf")])
  func theDearestRowStartsFirst(_ negative: String, _ first: String) async throws {
    let kmatrix = try KMatrixProcess()
    for release in ["6.1.0-cloud", "6.1.1-cloud"] { try kmatrix.kernel(release, Self.good) }
    try kmatrix.kernel("6.2.0-nobtf", Self.good)
    try kmatrix.scratch.write(#"{"6.1-cloud": 3, "6.2-nobtf": 9, "negative": \#(negative)}"#, to: "costs.json")
    let arguments = try kmatrix.runArguments(["6.1.0-cloud", "6.1.1-cloud", "6.2.0-nobtf"])
    let outcome = try await kmatrix.run(arguments + ["--negative", "--jobs", "1", "--costs", "costs.json"])
    let booting = outcome.output.split(separator: "\n").filter { $0.hasSuffix(": booting") }
    #expect(booting.first == "\(first): booting")
  }

  /// Plays the tests that go wrong on purpose; `$panicking` decides whether x_panic panics.
  private static let wrongs = """
    boot "$@"
    plan t_probe@ebpf t_exec_fails@ebpf x_panic@ t_exit_tgid@ebpf x_silence@ x_hang@ x_fail@ x_crash@ x_skip@ x_leak@ \
      x_leave_process@ x_leave_probe@ x_oops@
    [ -n "$wanted" ] || pass_all
    passed=0 failed=0 skipped=0
    tell() {
      kind=fail
      case $1 in
        x_panic@) [ "$panicking" ] && panic; kind=pass ;;
        x_silence@) exit 124 ;;
        t_*) kind=pass ;; x_oops@) kind=pass
          echo "[    3.141592] BUG: kernel NULL pointer dereference, said on purpose by x_oops" ;;
        x_hang@) kind=timeout ;; x_crash@) kind=crash ;; x_skip@) kind=skip ;;
      esac
      result "$1" "$kind"
      case $kind in pass) passed=$((passed + 1)) ;; skip) skipped=$((skipped + 1)) ;; *) failed=$((failed + 1)) ;; esac
    }
    if alone; then
      for test in $planned; do start "$test"; tell "$test"; done
    else
      start_all
      for test in x_panic@ x_silence@; do case " $planned " in *" $test "*) tell "$test" ;; esac; done
      for test in $planned; do case $test in x_panic@ | x_silence@) ;; *) tell "$test" ;; esac; done
    fi
    finish "$passed" "$failed" "$skipped"
    """

  @Test func theNegativeBootPassesIfAllIsJudgedRightly() async throws {
    let kmatrix = try KMatrixProcess()
    let script = "panicking=1; \(Self.wrongs)"
    try kmatrix.kernel("7.3.0-cloud", script)
    try kmatrix.kernel("7.10.0-cloud", script)
    let arguments = try kmatrix.runArguments(["7.3.0-cloud", "7.10.0-cloud"])
    let outcome = try await kmatrix.run(arguments + ["--negative"])
    #expect(outcome.code == 0, "\(outcome.output)")
    let negative = try #require(try kmatrix.results().kernels.last)
    #expect(negative.title == "negative: 7.10.0-cloud")
    #expect(negative.verdict == .pass)
    #expect(negative.boots.map(\.verdict) == [.panic, .panic, .hang, .hang, .crash])
    #expect(negative.boots.map(\.culprit) == [nil, "x_panic", nil, "x_silence", nil])
    #expect(negative.boots.map { $0.suspects?.count } == [13, nil, 10, nil, nil])
    #expect(kmatrix.scratch.exists("test-results/logs/negative-7.10.0-cloud-boot2.console.txt"))
    let without = try await kmatrix.run(arguments)
    #expect(without.code == 0)
    #expect(try kmatrix.results().kernels.count == 2)
  }

  /// On a kernel without BTF, half of the tests that the row runs beside the panic are skipped.
  @Test func theNegativeBootIsOfAKernelWithBTF() async throws {
    let kmatrix = try KMatrixProcess()
    for release in ["5.10.0-cloud", "6.1.176-nobtf"] { try kmatrix.kernel(release, Self.good) }
    let both = try kmatrix.runArguments(["5.10.0-cloud", "6.1.176-nobtf"])
    _ = try await kmatrix.run(both + ["--negative"])
    #expect(try kmatrix.results().kernels.last?.title == "negative: 5.10.0-cloud")
    let one = try await kmatrix.run(kmatrix.runArguments(["6.1.176-nobtf"]) + ["--negative"])
    #expect((one.code, one.error) == (2, "kmatrix: --negative needs a kernel with BTF\n"))
  }

  @Test func aNegativeBootThatDoesNotPanicFails() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("7.3.0-cloud", Self.wrongs)
    let outcome = try await kmatrix.run(kmatrix.runArguments(["7.3.0-cloud"]) + ["--negative"])
    #expect(outcome.code == 1)
    let negative = try #require(try kmatrix.results().kernels.last)
    #expect(negative.verdict == .fail)
    #expect(negative.reasons.contains { $0.contains("the kernel's verdict is HANG, not PANIC") })
    #expect(negative.reasons.contains { $0.contains("x_silence is blamed, not x_panic x_silence") })
    #expect(negative.reasons.contains { $0.contains("x_panic is PASS, not PANIC") })
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
    #expect(try await kmatrix("merge", "part1", "part2", "-o", "whole", "--floor", "5/5").code == 0)
    #expect(try await kmatrix("merge", "part1", "part2", "-o", "whole", "--floor", "6/5").code == 1)
    let twice = try await kmatrix("merge", "part1", "part1", "-o", "whole")
    #expect(twice.code == 2)
    let diff = try await kmatrix("diff", "whole", "part1")
    #expect(diff.code == 1)
    #expect(diff.output.hasPrefix("Gone:\n"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalEndsGuestsAndKeepsResults(_ signal: Int32) async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.kernel("5.10.0-cloud", Self.good)
    // A krun.sh that ignores signals, with a child in place of its qemu.
    try kmatrix.kernel(
      "6.1.0-cloud",
      #"trap '' TERM INT; boot "$@"; plan t_a@ebpf t_b@ebpf; start t_a@ebpf; result t_a@ebpf pass; start t_b@ebpf; "#
        + #"sleep 300 & echo "$! $$" >pids; wait"#)
    try kmatrix.kernel("6.2.0-cloud", Self.good)
    let arguments = try kmatrix.runArguments(["5.10.0-cloud", "6.1.0-cloud", "6.2.0-cloud"]) + ["--jobs", "1"]
    try kmatrix.scratch.write(#"{"5.10-generic": 3, "6.1-generic": 2, "6.2-generic": 1}"#, to: "costs.json")
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

  /// A zombie is dead, too: init reaps it.
  private func isAlive(_ pid: pid_t) -> Bool {
    guard let stat = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")) else { return false }
    return !String(decoding: stat, as: UTF8.self).contains(") Z ")
  }

  private func waitFor(_ condition: () -> Bool) async throws {
    for _ in 0..<600 where !condition() { try await Task.sleep(for: .milliseconds(50)) }
    try #require(condition(), "it did not happen within half a minute")
  }
}
