import Foundation

@testable import kmatrix

/// Results that have every verdict and every kind of awkward text.
enum FakeRun {
  static func test(
    _ name: String, _ verdict: Verdict, backend: String = "ebpf", seconds: Double = 0.2, reason: String = "",
    output: String = "", rerun: String? = nil
  ) -> TestRecord {
    TestRecord(
      name: name, backend: backend, verdict: verdict, seconds: seconds, reason: reason, output: output, boot: 1,
      rerun: rerun)
  }

  static func kernel(
    _ release: String, _ verdict: Verdict, seconds: Double = 4, tests: [TestRecord] = [], reasons: [String] = []
  ) -> KernelResult {
    let series = release.split(separator: ".").prefix(2).joined(separator: ".")
    return KernelResult(
      release: release, series: series, flavour: "cloud", verdict: verdict, seconds: seconds, reasons: reasons,
      boots: [
        BootRecord(
          arguments: ["quark-test"], exit: "0", verdict: verdict, seconds: seconds,
          console: "logs/\(release).console.txt", channel: "logs/\(release).channel.txt")
      ],
      tests: tests)
  }

  static func results(_ kernels: [KernelResult], shards: [String] = []) -> MatrixResults {
    MatrixResults(
      started: Date(timeIntervalSince1970: 1_795_000_000), finished: Date(timeIntervalSince1970: 1_795_000_031),
      host: MatrixResults.Host(cores: 2, jobs: 2, cpus: 1, slowdown: 1.2), shards: shards, kernels: kernels)
  }

  static var rich: MatrixResults {
    var panicked = kernel(
      "6.12.1-cloud-amd64", .panic, seconds: 9.5,
      tests: [
        test("t_probe", .pass),
        test("t_exit_tgid", .panic, reason: "\(KernelJudge.blamed)Kernel panic", rerun: "./krun.sh x y t_exit_tgid"),
        test("t_cgroup", .notRun, backend: "", reason: "no boot reached it"),
      ], reasons: ["Kernel panic"])
    panicked.excerpt = ["[ 1.0] Kernel panic - not syncing: <b>&\u{1}\u{fffe}"]
    panicked.rerun = "./krun.sh x y"
    var replaced = kernel(
      "7.3.4-cloud-amd64", .pass, tests: [test("t_probe", .pass), test("t_cgroup", .pass, backend: "")])
    replaced.replaces = "7.3.3-cloud-amd64"
    replaced.notes = ["runs in place of 7.3.3-cloud-amd64, which the mirror has dropped"]
    var negative = kernel("7.3.4-cloud-amd64", .pass, tests: [test("x_panic", .pass, backend: "")])
    negative.negative = true
    return results([
      kernel(
        "5.10.0-30-cloud-amd64", .fail,
        tests: [
          test("t_probe", .pass),
          test("t_exit_tgid", .fail, reason: "exited with 1", output: "a < b && \"c\" # | `d`\n\u{1b}[1m]]>\u{0}\n"),
          test("t_cgroup", .skip, backend: "", reason: "no cgroup2 # here"),
        ]),
      kernel("6.1.0-47-cloud-amd64", .xpass, tests: [test("t_probe", .xpass), test("t_exit_tgid", .xfail)]),
      panicked,
      kernel("6.16.1-cloud-amd64", .bootFail, reasons: ["init was never reached"]),
      kernel("7.1.1-cloud-amd64", .hang, tests: [test("t_probe", .hang), test("t_exit_tgid", .crash)]),
      replaced, negative,
    ])
  }
}
