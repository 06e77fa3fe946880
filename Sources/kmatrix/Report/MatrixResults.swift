import ArgumentParser
import Foundation

/// `results.json`: all that is known about a run. Every report is made from it.
///
/// The schema, version 1. Times are in seconds, dates in ISO 8601 and UTC. A field marked `?` may be absent.
///
///     schema        1
///     started, finished
///     host          cores, jobs, cpus (of a guest), slowdown (1 = the machine the limits were chosen on)
///     shards        ["1/3", …] the parts of the matrix that this file holds; empty = all of it
///     interrupted   true if the user ended the run
///     seed?         the seed that shuffled the tests
///     floor?        kernels, series: how many must pass at least
///     fetchSeconds? how long fetching the images took
///     kernels       one object per kernel, in the order of their releases:
///       release, series, flavour
///       verdict     PASS FAIL SKIP XFAIL XPASS CRASH HANG PANIC BOOT-FAIL INFRA NOT-RUN
///       seconds     all boots together
///       replaces?   the locked release that the mirror has dropped, and that this one replaces
///       negative    true for the row whose tests go wrong on purpose: it passes if they are judged correctly
///       reasons     why the kernel did not pass
///       notes       what one should know even if it passed: a flaky first boot, a guest that was booted again
///       excerpt     the console around the first problem
///       boots       arguments, exit (krun.sh's code, or how else it ended), verdict, seconds, culprit? (the test
///                   that ended it too soon), suspects? (those that ran then, if there were several), phases? (boot,
///                   open, tests, close, waiting), slowdown? (the factor of its time limits), reasons, and the
///                   names of the console's and the channel's file
///       tests       name, backend (may be empty), verdict, seconds, reason, output, boot (from 1; 0 = in none)
///       rerun?      a command that repeats only this kernel or, in a test, only this test; only if it failed
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
  var tests: [TestRecord] = []
  var rerun: String?

  /// The name of the row in reports: the same kernel may have two rows.
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

struct TestRecord: Codable, Sendable, Equatable {
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
  /// A short name that tells the row from the others.
  var shortTitle: String { (negative ? "negative " : "") + "\(series) \(flavour)" }
}

extension MatrixResults {
  /// The verdicts that occur, for the legend.
  var verdicts: [Verdict] {
    let used = Set(kernels.flatMap { kernel in [kernel.verdict] + kernel.tests.map(\.verdict) })
    return Verdict.allCases.filter(used.contains)
  }
  var wallSeconds: Double { finished.timeIntervalSince(started) }
  /// All times in seconds, and the factors of time limits.
  private var times: [Double] {
    var times = [wallSeconds, fetchSeconds ?? 0, host.slowdown]
    for kernel in kernels {
      times.append(kernel.seconds)
      times += kernel.tests.map(\.seconds)
      for boot in kernel.boots { times += [boot.seconds, boot.slowdown ?? 1] + (boot.phases?.values ?? []) }
    }
    return times
  }
  var bootSeconds: Double { kernels.reduce(0) { $0 + $1.seconds } }
  var tally: Tally { Tally(kernels) }
  /// At least one test passed, nothing failed, and the floor holds.
  var isSuccess: Bool { tally.isSuccess && floor?.complaints(kernels).isEmpty ?? true }
}

extension TestRecord {
  var id: TestID { TestID(name: name, backend: backend) }
}

/// The order of releases: 5.10 before 6.1 before 6.12.
enum KernelOrder {
  static func isOlder(_ left: String, _ right: String) -> Bool {
    left.compare(right, options: .numeric) == .orderedAscending
  }
}

extension KernelResult {
  /// Sorts rows from the oldest kernel to the newest; the negative row is the last.
  static func isOlder(_ left: KernelResult, _ right: KernelResult) -> Bool {
    left.negative == right.negative ? KernelOrder.isOlder(left.release, right.release) : right.negative
  }
}

extension MatrixResults {
  static let fileName = "results.json"

  /// Reads `results.json`, or the `results.json` in a folder.
  init(contentsOf path: String) throws(KMatrixError) {
    let file = Self.file(at: path)
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
      let data = try Data(contentsOf: file)
      let version = try decoder.decode(Version.self, from: data).schema
      guard version == Self.schemaVersion else {
        throw KMatrixError.usage("its schema is \(version), but this kmatrix knows \(Self.schemaVersion)")
      }
      self = try decoder.decode(MatrixResults.self, from: data)
      guard times.allSatisfy({ $0.magnitude <= 1e9 }) else {
        throw KMatrixError.usage("a time in it is longer than any run")
      }
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

/// How much of the matrix must pass: `12/9` means at least 12 kernels of at least 9 series. If the archive has lost a
/// kernel, the floor does not hold, however many others passed.
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

  /// Says that `results` are below the floor, and lists each kernel that did not pass; empty if the floor holds.
  func complaints(_ results: [KernelResult]) -> [String] {
    let tested = results.filter { !$0.negative }
    let passed = tested.filter { $0.verdict == .pass }
    let passedSeries = Set(passed.map(\.series)).count
    // A skip without a boot means that the image could not be fetched.
    let isWhole = !tested.contains { $0.verdict == .skip && $0.boots.isEmpty }
    if passed.count >= kernels, passedSeries >= series, isWhole { return [] }
    let head = "Below the floor of \(kernels) kernels of \(series) series: "
      + "\(passed.count) of \(passedSeries) series passed"
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
