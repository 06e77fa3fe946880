import Foundation

/// `results.json`: all that is known of a run, and what every report is made from.
///
/// The schema, version 1. Times are seconds, dates ISO 8601 in UTC; what is marked `?` is left out if there is none.
///
///     schema        1
///     started, finished
///     host          cores, jobs, cpus (of a guest), slowdown (1 = the machine the limits were chosen on)
///     shards        ["1/3", …] the parts of the matrix that this file holds; empty = all of it
///     interrupted   true if the user ended the run
///     seed?         what the order of the tests was shuffled with
///     floor?        kernels, series: how many must have passed at least
///     fetchSeconds? until all images were there
///     kernels       one object per kernel, in the order of their releases:
///       release, series, flavour
///       verdict     PASS FAIL SKIP XFAIL XPASS CRASH HANG PANIC BOOT-FAIL INFRA NOT-RUN
///       seconds     all boots together
///       replaces?   the locked release that the mirror dropped, in whose place this one ran
///       negative    true for the row that goes wrong on purpose: it passes if all that is judged rightly
///       reasons     why the kernel is no pass
///       notes       what should be known of a pass: a flaky first boot, a guest booted again
///       excerpt     the console around the first problem
///       boots       arguments, exit (krun.sh's code, or how else it ended), verdict, seconds, culprit? (the test
///                   that ended it too soon), suspects? (those that ran then, if there were several), phases? (boot,
///                   open, tests, close, waiting), slowdown? (what its limits were stretched by), reasons, and the
///                   names of the console's and the channel's file
///       tests       name, backend (may be empty), verdict, seconds, reason, output, boot (from 1; 0 = in none)
///       rerun?      a command that repeats the kernel, or on a test the test, alone; there only if it failed
struct MatrixResults: Codable, Sendable, Equatable {
  static let schemaVersion = 1

  struct Host: Codable, Sendable, Equatable {
    var cores: Int
    var jobs: Int
    var cpus: Int
    var slowdown: Double
  }

  var schema = MatrixResults.schemaVersion
  var started: Date
  var finished: Date
  var host: Host
  var shards: [String] = []
  var interrupted = false
  var seed: Int?
  var floor: Floor?
  var fetchSeconds: Double?
  var kernels: [KernelResult]
}

struct KernelResult: Codable, Sendable, Equatable {
  var release: String
  var series: String
  var flavour: String
  var verdict: Verdict
  var seconds: Double
  var replaces: String?
  var negative = false
  var reasons: [String] = []
  var notes: [String] = []
  var excerpt: [String] = []
  var boots: [BootRecord] = []
  var tests: [TestResult] = []
  var rerun: String?

  /// What reports call the row: the same kernel may have two.
  var title: String { negative ? "negative: \(release)" : release }
  var phases: BootPhases { boots.compactMap(\.phases).reduce(BootPhases()) { $0 + $1 } }
}

struct BootRecord: Codable, Sendable, Equatable {
  var arguments: [String]
  var exit: String
  var verdict: Verdict
  var seconds: Double
  var culprit: String?
  var suspects: [String]?
  var phases: BootPhases?
  var slowdown: Double?
  var reasons: [String] = []
  /// File names under the results folder.
  var console: String
  var channel: String
}

struct TestResult: Codable, Sendable, Equatable {
  var name: String
  var backend: String
  var verdict: Verdict
  var seconds: Double
  var reason: String
  var output: String
  var boot: Int
  var rerun: String?

  var label: String { TestID(name: name, backend: backend).label }
}
