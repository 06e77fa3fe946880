import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import kmatrix

@Suite struct ReportTests {
  private static let xmllint = "/usr/bin/xmllint"
  /// Where all must be tested it must be there.
  private static var hasXMLLint: Bool {
    FileManager.default.isExecutableFile(atPath: xmllint) || ProcessInfo.processInfo.environment["CI"] == "true"
  }

  /// What xmllint complains of; empty if nothing.
  private func lint(_ text: String, _ options: [String] = []) async throws -> String {
    let scratch = try Scratch()
    try scratch.write("report.xml", text)
    let result = try await Subprocess.run(
      .path(FilePath(Self.xmllint)), arguments: Arguments(["--noout"] + options + [scratch.path("report.xml")]),
      output: .discarded, error: .string(limit: 1 << 16))
    return result.terminationStatus.isSuccess ? "" : result.standardError
  }

  @Test(.enabled(if: hasXMLLint, "xmllint is in libxml2-utils"))
  func junitIsValid() async throws {
    let schema = try Fixture.url("junit.xsd").path
    #expect(try await lint(JUnitReport(Sample.rich).text, ["--schema", schema]) == "")
    #expect(try await lint(JUnitReport(Sample.results([])).text, ["--schema", schema]) == "")
    let broken = JUnitReport(Sample.rich).text.replacing("classname=", with: "klass=")
    #expect(try await lint(broken, ["--schema", schema]) != "", "the schema must be able to refuse")
  }

  @Test(.enabled(if: hasXMLLint, "xmllint is in libxml2-utils"))
  func svgIsWellFormed() async throws {
    #expect(try await lint(SVGReport(Sample.rich).text) == "")
    #expect(try await lint(SVGReport(Sample.results([])).text) == "")
  }

  @Test func junitCountsWhatTheSummaryCounts() throws {
    let results = Sample.rich
    let text = JUnitReport(results).text
    let head = try #require(text.split(separator: "\n").first { $0.hasPrefix("<testsuites") })
    #expect(results.tally.description == "5 passed, 7 failed, 2 skipped")
    #expect(head.contains(#"tests="14" failures="2" errors="5" skipped="2""#))
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" || $0 == "\u{fffe}" })
  }

  @Test func ktapReadsBack() throws {
    let kernels = try KTAPReader.read(KTAPReport(Sample.rich).text)
    #expect(kernels.map(\.isOK) == [false, false, false, false, false, true, true])
    #expect(kernels.map { $0.subtest?.count } == [3, 2, 3, nil, 2, 2, 1])
    let first = try #require(kernels[0].subtest)
    #expect(first.map(\.name) == ["t_probe@ebpf", "t_exit_tgid@ebpf", "t_cgroup"])
    #expect(first.map(\.isOK) == [true, false, true])
    #expect(first[2].directive == "SKIP no cgroup2  here")
    #expect(kernels[1].subtest?[1].directive == "XFAIL ")
  }

  @Test func htmlNeedsNothingElse() {
    let text = HTMLReport(Sample.rich).text
    #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("<script"))
    #expect(text.contains("a &lt; b &amp;&amp; &quot;c&quot;"))
    #expect(!text.contains("not syncing: <b>"))
    #expect(text.components(separatedBy: "<details class=\"kernel\"").count - 1 == Sample.rich.kernels.count)
  }

  /// A guest says what its tests and backends are called.
  @Test func markdownOfHostileNames() throws {
    var results = Sample.rich
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

  @Test func markdownIsAsItWas() throws {
    #expect(MarkdownReport(Sample.rich).text == (try Fixture.text("matrix.md")))
  }

  /// Kernels that are tested in three ways, one of which fails on one of them.
  private static let threeWays: MatrixResults = {
    func kernel(_ release: String, _ table: Verdict) -> KernelResult {
      let ways = [("ebpf", Verdict.xfail), ("kprobe", .skip), ("kprobe-table", table), ("kprobe-table", .skip)]
      let tests = ways.map { Sample.test($0.1 == table ? "t_exec" : "t_probe", $0.1, backend: $0.0) }
      return Sample.kernel(release, table, tests: tests + [Sample.test("t_parse", .pass, backend: "")])
    }
    return Sample.results([kernel("5.10.223-nobtf", .pass), kernel("6.1.176-nobtf", .fail)])
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
    let tests = (0..<50).map { Sample.test("t_\($0)", .fail) }
    let svg = SVGReport(Sample.results([Sample.kernel("6.1.0-amd64", .fail, tests: tests)])).text
    #expect(svg.contains("and 30 more tests that failed"))
  }

  @Test func resultsReadBack() throws {
    let scratch = try Scratch()
    try ReportWriter(folder: scratch.url).write(Sample.rich)
    #expect(try MatrixResults(contentsOf: scratch.url.path) == Sample.rich)
    #expect(try MatrixResults(contentsOf: scratch.path("results.json")) == Sample.rich)
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
    let scratch = try Scratch()
    func message(_ text: String) throws -> String {
      try scratch.write("results.json", text)
      let error = #expect(throws: KMatrixError.self) { try MatrixResults(contentsOf: scratch.path("results.json")) }
      return error?.message ?? ""
    }
    #expect(try message("{").hasPrefix(scratch.path("results.json")))
    #expect(try message(#"{"schema":2}"#).hasSuffix("schema 2, this kmatrix knows 1"))
    #expect(try message(#"{"schema":1}"#).contains("started"))
    let missing = #expect(throws: KMatrixError.self) { try MatrixResults(contentsOf: scratch.path("none.json")) }
    #expect(missing?.message == "\(scratch.path("none.json")): no such file")
  }

  @Test func aFolderThatCannotBeWrittenIsOneMessage() throws {
    let error = #expect(throws: KMatrixError.self) {
      try ReportWriter(folder: URL(filePath: "/proc")).write(Sample.rich)
    }
    #expect(error?.kind == .infrastructure)
    #expect(error?.message.hasPrefix("/proc/results.json: cannot be written: ") == true)
  }

  @Test func summaryEndsWithTheTally() {
    let lines = RunSummary(Sample.rich, folder: "test-results").lines
    #expect(lines.last == "5 passed, 7 failed, 2 skipped")
    #expect(lines.contains("      ./krun.sh x y t_exit_tgid"))
    #expect(lines.contains { $0.hasPrefix("Time: wall 0:31; boots 33.5 s in all, 2 at a time; slowest 6.12.1") })
    #expect(!lines.contains { $0.contains("6.12.1-cloud-amd64: PANIC: Kernel panic") }, "its culprit says it")
  }

  @Test func longFailureListsAreCut() throws {
    let results = Sample.results([try Recorded("300-failures", exit: 99).kernel()])
    let lines = RunSummary(results, folder: nil).lines
    #expect(lines.count < 20)
    #expect(lines.contains("  \(Recorded.release): and 290 more"))
    #expect(lines.last == "0 passed, 300 failed, 0 skipped")
  }
}
