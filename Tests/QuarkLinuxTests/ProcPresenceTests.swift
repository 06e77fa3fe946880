import CLinux
import CWire
import QuarkCore
import Testing

@testable import QuarkLinux

@Suite struct ProcPresenceTests {
  /// A number that no process can have as its pid (PID_MAX_LIMIT is 4,194,304).
  private static let nobody: UInt32 = 5_000_000

  private func look(at text: String?, pid: UInt32 = nobody) throws -> ProcessLook {
    let tree = try ProcTree()
    if let text { try tree.file("\(pid)/stat", text) }
    var presence = try ProcPresence(path: tree.path)
    return presence.look(pid: pid)
  }

  private func stat(state: String, threads: Int, start: String = "12345") -> String {
    "7 (s) (h) \(state) 1 10 11 34817 0 0 0 0 0 0 0 0 0 0 0 0 \(threads) 0 \(start) 0\n"
  }

  @Test(arguments: ["R", "S", "D", "T", "I"])
  func oneThatLives(state: String) throws {
    #expect(try look(at: stat(state: state, threads: 1)) == .alive(startNS: 12345 * 1_000_000_000 / 100))
  }

  /// A zombie has exited, but not if it is a first thread that ended before the others.
  @Test(arguments: ["Z", "X"])
  func oneThatHasEnded(state: String) throws {
    #expect(try look(at: stat(state: state, threads: 1)) == .gone)
    #expect(try look(at: stat(state: state, threads: 0)) == .gone)
    #expect(try look(at: stat(state: state, threads: 2)) == .alive(startNS: 12345 * 1_000_000_000 / 100))
  }

  /// If the file cannot be read, the result is unknown, and no process is forgotten.
  @Test(arguments: [
    "", "7 (sh", "7 (sh) S 1 10 11", "7 (sh) S 1 10 11 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 99999999999999999999 0\n",
  ])
  func oneThatMakesNoSense(text: String) throws { #expect(try look(at: text) == .unknown) }

  @Test func oneThatIsNotThere() throws { #expect(try look(at: nil) == .gone) }

  /// With hidepid other processes are not visible in /proc, but kill(2) still finds them.
  @Test func oneThatIsHidden() throws {
    #expect(try look(at: nil, pid: UInt32(getpid())) == .unknown)
    #expect(try look(at: nil, pid: 1) == .unknown)
  }

  @Test func whatIsNoPid() throws {
    #expect(try look(at: nil, pid: .max) == .unknown)
    #expect(try look(at: nil, pid: 1 << 31) == .unknown)
  }

  /// The /proc of the machine: it gives the same start times as a scrape.
  @Test func theMachines() throws {
    var presence = try ProcPresence(path: "/proc")
    var scraper = try ProcScraper()
    var startNS: UInt64 = 0
    let pid = UInt32(getpid())
    #expect(try scraper.scrape(pid: pid) { startNS = $0.task.start_boot_ns })
    #expect(startNS > 0 && presence.look(pid: pid) == .alive(startNS: startNS))
    let now = try Clock.bootNS()
    #expect(startNS < now)
  }

  @Test func aTreeThatIsNotThere() {
    #expect(throws: Errno(ENOENT)) { _ = try ProcPresence(path: "/nothing") }
  }
}
