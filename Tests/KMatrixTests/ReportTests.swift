import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import kmatrix

@Suite struct ReportTests {
  private static let xmllint = "/usr/bin/xmllint"
  /// In CI it must be installed, because everything must be tested there.
  private static var hasXMLLint: Bool {
    FileManager.default.isExecutableFile(atPath: xmllint) || ProcessInfo.processInfo.environment["CI"] == "true"
  }

  /// The errors that xmllint prints; empty if there are none.
  private func lint(_ text: String, _ options: [String] = []) async throws -> String {
    let scratch = try TemporaryFolder()
    try scratch.write(text, to: "report.xml")
    let result = try await Subprocess.run(
      .path(FilePath(Self.xmllint)), arguments: Arguments(["--noout"] + options + [scratch.file("report.xml")]),
      output: .discarded, error: .string(limit: 1 << 16))
    return result.terminationStatus.isSuccess ? "" : result.standardError
  }

  @Test(.enabled(if: hasXMLLint, "xmllint is in libxml2-utils"))
  func junitIsValid() async throws {
    let schema = try Fixture.url("junit.xsd").path
    #expect(try await lint(JUnitReport(FakeRun.rich).text, ["--schema", schema]) == "")
    #expect(try await lint(JUnitReport(FakeRun.results([])).text, ["--schema", schema]) == "")
    let broken = JUnitReport(FakeRun.rich).text.replacing("classname=", with: "klass=")
    #expect(try await lint(broken, ["--schema", schema]) != "", "the schema must be able to refuse")
  }

  @Test(.enabled(if: hasXMLLint, "xmllint is in libxml2-utils"))
  func svgIsWellFormed() async throws {
    #expect(try await lint(SVGReport(FakeRun.rich).text) == "")
    #expect(try await lint(SVGReport(FakeRun.results([])).text) == "")
  }

  @Test func junitCountsWhatTheSummaryCounts() throws {
    let results = FakeRun.rich
    let text = JUnitReport(results).text
    let head = try #require(text.split(separator: "\n").first { $0.hasPrefix("<testsuites") })
    #expect(results.tally.description == "5 passed, 7 failed, 2 skipped")
    #expect(head.contains(#"tests="14" failures="2" errors="5" skipped="2""#))
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" || $0 == "\u{fffe}" })
  }

  @Test func ktapReadsBack() throws {
    let kernels = try KTAPReader.read(KTAPReport(FakeRun.rich).text)
    #expect(kernels.map(\.isOK) == [false, false, false, false, false, true, true])
    #expect(kernels.map { $0.subtest?.count } == [3, 2, 3, nil, 2, 2, 1])
    let first = try #require(kernels[0].subtest)
    #expect(first.map(\.name) == ["t_probe@ebpf", "t_exit_tgid@ebpf", "t_cgroup"])
    #expect(first.map(\.isOK) == [true, false, true])
    #expect(first[2].directive == "SKIP no cgroup2  here")
    #expect(kernels[1].subtest?[1].directive == "XFAIL ")
  }

  @Test func htmlNeedsNothingElse() {
    let text = HTMLReport(FakeRun.rich).text
    #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("<script"))
    #expect(text.contains("a &lt; b &amp;&amp; &quot;c&quot;"))
    #expect(!text.contains("not syncing: <b>"))
    #expect(text.components(separatedBy: "<details class=\"kernel\"").count - 1 == FakeRun.rich.kernels.count)
  }

  /// The names of tests and backends come from a guest, so they can be anything.
  @Test func markdownOfHostileNames() throws {
    var results = FakeRun.rich
    let index = try #require(results.kernels[0].tests.indices.first { results.kernels[0].tests[$0].verdict == .fail })
    results.kernels[0].tests[index].name = "t|<b>`x"
    results.kernels[0].tests[index].backend = "e|`bpf"
    results.kernels[0].tests[index].rerun = "run 't|<b>`x'\n# a headline"
    let text = MarkdownReport(results).text
    #expect(text.contains(#"| t\|\<b\>\`x |"#))
    #expect(!text.contains("t|<b>`x |"))
    #expect(text.contains("`` run 't|<b>`x' # a headline ``"))
    #expect(!text.contains("\n# a"))
    for line in text.split(separator: "\n") where line.contains("bpf") && line.hasPrefix("|") {
      #expect(!line.contains("e|"))
    }
  }

  /// An accent makes another character of what is before it, but what reads the text looks at bytes.
  @Test func accentsHideNothing() throws {
    var results = FakeRun.rich
    let accent = "\u{301}"
    results.kernels[0].tests[1].name = "t|\(accent)`\(accent)<\(accent)x"
    results.kernels[0].tests[1].rerun = "run `\(accent)x"
    results.kernels[0].reasons = ["#\(accent) SKIP"]
    func bare(_ text: String) -> String { String(text.unicodeScalars.filter { $0 != "\u{301}" }) }
    let text = bare(MarkdownReport(results).text)
    #expect(text.contains(#"| t\|\`\<x |"#))
    #expect(text.contains("`` run `x ``"))
    #expect(bare(KTAPReport(results).text).contains("#  SKIP\n"))
    #expect(bare(Shell.quoted("'\(accent); reboot")) == #"''\''; reboot'"#)
  }

  @Test func markdownIsAsItWas() throws {
    #expect(MarkdownReport(FakeRun.rich).text == (try Fixture.text("matrix.md")))
  }

  /// Kernels that are tested in three ways. One of the ways fails on one of the kernels.
  private static let threeWays: MatrixResults = {
    func kernel(_ release: String, _ table: Verdict) -> KernelResult {
      let ways = [("ebpf", Verdict.xfail), ("kprobe", .skip), ("kprobe-table", table), ("kprobe-table", .skip)]
      let tests = ways.map { FakeRun.test($0.1 == table ? "t_exec" : "t_probe", $0.1, backend: $0.0) }
      return FakeRun.kernel(release, table, tests: tests + [FakeRun.test("t_parse", .pass, backend: "")])
    }
    return FakeRun.results([kernel("5.10.223-nobtf", .pass), kernel("6.1.176-nobtf", .fail)])
  }()

  @Test func waysAreToldApart() {
    let results = Self.threeWays
    #expect(Way.all(in: results.kernels).map(\.title) == ["ebpf", "kprobe", "kprobe-table", "other"])
    func texts(_ kernel: Int) -> [String?] {
      Way.all(in: results.kernels).map { WayResult($0, on: results.kernels[kernel])?.text }
    }
    #expect(texts(0) == ["x 0/1", "– 0/1", "✓ 1/2", "✓ 1/1"])
    #expect(texts(1) == ["x 0/1", "– 0/1", "✗ 0/2", "✓ 1/1"])
    #expect(WayResult(Way(backend: "nova"), on: results.kernels[0]) == nil)
    let lines = RunSummary(results, folder: nil).lines
    #expect(
      lines.suffix(5) == [
        "ebpf: 0 passed, 0 failed, 2 skipped", "kprobe: 0 passed, 0 failed, 2 skipped",
        "kprobe-table: 1 passed, 1 failed, 2 skipped", "other: 2 passed, 0 failed, 0 skipped",
        "3 passed, 1 failed, 6 skipped",
      ])
    #expect(MatrixGrid(results, Way(backend: "kprobe-table")).tests.map(\.name) == ["t_exec", "t_probe"])
    #expect(MarkdownReport(results).text.contains("| 6.1.176-nobtf | ✗ FAIL | x 0/1 | – 0/1 | ✗ 0/2 | ✓ 1/1 | 4.0 s |"))
    let svg = SVGReport(results).text
    #expect(svg.contains(">✗ 0/2<") && svg.contains(">t_exec@kprobe-table: 6.1 cloud<") && !svg.contains("t_probe@"))
    for name in ["ebpf", "kprobe", "kprobe-table"] {
      #expect(JUnitReport(results).text.contains(#"classname="5.10.223-nobtf.\#(name)""#))
      #expect(HTMLReport(results).text.contains("<h3>\(name)</h3>"))
    }
  }

  @Test func aLongListOfFailuresIsCutInThePicture() {
    let tests = (0..<50).map { FakeRun.test("t_\($0)", .fail) }
    let svg = SVGReport(FakeRun.results([FakeRun.kernel("6.1.0-amd64", .fail, tests: tests)])).text
    #expect(svg.contains("and 30 more tests that failed"))
  }

  @Test func resultsReadBack() throws {
    let scratch = try TemporaryFolder()
    try ReportWriter(folder: scratch.url).write(FakeRun.rich)
    #expect(try MatrixResults(contentsOf: scratch.url.path) == FakeRun.rich)
    #expect(try MatrixResults(contentsOf: scratch.file("results.json")) == FakeRun.rich)
    for name in ["junit.xml", "ktap.txt", "matrix.md", "matrix.html", "matrix.svg"] {
      #expect(try !scratch.text(name).isEmpty)
    }
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(scratch.text("results.json").utf8)) as? [String: Any])
    let kernels = try #require(object["kernels"] as? [[String: Any]])
    for key in ["release", "series", "flavour", "verdict", "seconds", "tests"] { #expect(kernels[0][key] != nil) }
    let tests = try #require(kernels[0]["tests"] as? [[String: Any]])
    for key in ["name", "backend", "verdict", "seconds"] { #expect(tests[0][key] != nil) }
  }

  @Test func unreadableResultsAreNamed() throws {
    let scratch = try TemporaryFolder()
    func message(_ text: String) throws -> String {
      try scratch.write(text, to: "results.json")
      let error = #expect(throws: KMatrixError.self) { try MatrixResults(contentsOf: scratch.file("results.json")) }
      return error?.message ?? ""
    }
    #expect(try message("{").hasPrefix(scratch.file("results.json")))
    #expect(try message(#"{"schema":2}"#).hasSuffix("its schema is 2, but this kmatrix knows 1"))
    #expect(try message(#"{"schema":1}"#).contains("started"))
    let missing = #expect(throws: KMatrixError.self) { try MatrixResults(contentsOf: scratch.file("none.json")) }
    #expect(missing?.message == "\(scratch.file("none.json")): no such file")
  }

  /// The file may have been edited by hand: no time in it may crash the program.
  @Test(arguments: [-1e300, 1e300, 2e9]) func timesThatNoRunTakes(_ seconds: Double) throws {
    let scratch = try TemporaryFolder()
    for place in [\MatrixResults.kernels[0].seconds, \.kernels[0].tests[0].seconds, \.host.slowdown] {
      var results = FakeRun.rich
      results[keyPath: place] = seconds
      try scratch.write(String(decoding: try results.encoded(), as: UTF8.self), to: "results.json")
      let error = #expect(throws: KMatrixError.self) { try MatrixResults(contentsOf: scratch.url.path) }
      #expect(error?.message == "\(scratch.file("results.json")): a time in it is longer than any run")
    }
  }

  @Test func timesThatAreNoneAreShown() {
    var results = FakeRun.rich
    results.kernels[0].seconds = -1e9
    var phases = BootPhases()
    (phases.boot, phases.open, phases.tests) = (1e9, -1e9, .leastNonzeroMagnitude)
    results.kernels[0].boots[0].phases = phases
    #expect(PhaseTable(results).phases.map(\.percent) == ["0 %", "100 %", "0 %", "100 %", "0 %", "0 %"])
    #expect(HTMLReport(results).text.contains("width:0%"))
  }

  @Test func aFolderThatCannotBeWrittenIsOneMessage() throws {
    let error = #expect(throws: KMatrixError.self) {
      try ReportWriter(folder: URL(filePath: "/proc")).write(FakeRun.rich)
    }
    #expect(error?.kind == .infrastructure)
    #expect(error?.message.hasPrefix("/proc/results.json: cannot be written: ") == true)
  }

  @Test func summaryEndsWithTheTally() {
    let lines = RunSummary(FakeRun.rich, folder: "test-results").lines
    #expect(lines.last == "5 passed, 7 failed, 2 skipped")
    #expect(lines.contains("      ./krun.sh x y t_exit_tgid"))
    #expect(lines.contains { $0.hasPrefix("Time: wall 0:31; boots 33.5 s in all, 2 at a time; slowest 6.12.1") })
    #expect(!lines.contains { $0.contains("6.12.1-cloud-amd64: PANIC: Kernel panic") }, "its culprit says it")
  }

  @Test func longFailureListsAreCut() throws {
    let results = FakeRun.results([try Recorded("300-failures", exit: 99).kernel()])
    let lines = RunSummary(results, folder: nil).lines
    #expect(lines.count < 20)
    #expect(lines.contains("  \(Recorded.release): and 290 more"))
    #expect(lines.last == "0 passed, 300 failed, 0 skipped")
  }
}
