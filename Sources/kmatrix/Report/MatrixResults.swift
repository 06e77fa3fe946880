import ArgumentParser
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

extension KernelResult {
  /// What tells the row from the others in little space.
  var shortTitle: String { (negative ? "negative " : "") + "\(series) \(flavour)" }
}

extension MatrixResults {
  /// The verdicts that occur, for the legend.
  var verdicts: [Verdict] {
    let used = Set(kernels.flatMap { kernel in [kernel.verdict] + kernel.tests.map(\.verdict) })
    return Verdict.allCases.filter(used.contains)
  }
  var wallSeconds: Double { finished.timeIntervalSince(started) }
  var bootSeconds: Double { kernels.reduce(0) { $0 + $1.seconds } }
  var tally: Tally { Tally(kernels) }
  /// Something was proven, nothing refuted, and it is as much as was asked for.
  var isSuccess: Bool { tally.isSuccess && floor?.complaints(kernels).isEmpty ?? true }
}

extension TestResult {
  var id: TestID { TestID(name: name, backend: backend) }
}

/// The order of releases: 5.10 before 6.1 before 6.12.
enum KernelOrder {
  static func isOlder(_ left: String, _ right: String) -> Bool {
    left.compare(right, options: .numeric) == .orderedAscending
  }
}

extension KernelResult {
  /// Rows from the oldest kernel to the newest, the negative one at the end.
  static func isOlder(_ left: KernelResult, _ right: KernelResult) -> Bool {
    left.negative == right.negative ? KernelOrder.isOlder(left.release, right.release) : right.negative
  }
}

extension MatrixResults {
  static let fileName = "results.json"

  /// Reads `results.json`, or the one in a folder.
  init(contentsOf path: String) throws(KMatrixError) {
    let file = Self.file(at: path)
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
      let data = try Data(contentsOf: file)
      let version = try decoder.decode(Version.self, from: data).schema
      guard version == Self.schemaVersion else {
        throw KMatrixError.usage("schema \(version), this kmatrix knows \(Self.schemaVersion)")
      }
      self = try decoder.decode(MatrixResults.self, from: data)
    } catch {
      throw .usage("\(file.path): \(describe(error))")
    }
  }

  /// The file that `path` means: itself, or `results.json` in it if it is a folder.
  static func file(at path: String) -> URL {
    let url = URL(filePath: path)
    var isFolder = false
    if let values = try? url.resourceValues(forKeys: [.isDirectoryKey]) { isFolder = values.isDirectory ?? false }
    return isFolder ? url.appending(path: fileName) : url
  }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return try encoder.encode(self) + Data("\n".utf8)
  }

  private struct Version: Decodable {
    var schema: Int
  }
}

/// How much of the matrix must have passed, whatever became of the archives: `12/9` is at least 12 kernels of at least
/// 9 series. If the archive has lost a kernel, the floor does not hold, however many others passed.
struct Floor: Codable, Sendable, Equatable, CustomStringConvertible {
  var kernels: Int
  var series: Int

  var description: String { "\(kernels)/\(series)" }

  /// Reads `KERNELS/SERIES`.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let kernels = parts[0], let series = parts[1], series >= 1, kernels >= series else {
      return nil
    }
    self.kernels = kernels
    self.series = series
  }

  /// What is wrong with `results`, and each kernel that did not pass; empty if they stand on the floor.
  func complaints(_ results: [KernelResult]) -> [String] {
    let tested = results.filter { !$0.negative }
    let passed = tested.filter { $0.verdict == .pass }
    let passedSeries = Set(passed.map(\.series)).count
    // A skip without a boot: the image could not be had.
    let isWhole = !tested.contains { $0.verdict == .skip && $0.boots.isEmpty }
    if passed.count >= kernels, passedSeries >= series, isWhole { return [] }
    let head = "Below the floor of \(kernels) kernels of \(series) series: \(passed.count) of \(passedSeries) passed"
    return [head] + tested.filter { $0.verdict != .pass }.map { kernel in
      let reason = kernel.reasons.first.map { ": \($0)" } ?? ""
      return "  \(kernel.title): \(kernel.verdict.rawValue)\(reason)"
    }
  }
}

extension Floor: ExpressibleByArgument {
  init?(argument: String) {
    self.init(argument)
  }
}
