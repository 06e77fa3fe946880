import CBench
import CLinux
import CQuark
import QuarkCore

/// Compares events of eight processes in turn with ten rules, all of which are looked at.
struct RuleBench: ~Copyable {
  private let ruleset: Ruleset
  private let processes: Processes
  private let count: Int
  private var passed: UInt64 = 0

  init(hasStrings: Bool, processes: Int) {
    count = processes / 8 * 24
    ruleset = Self.parse(hasStrings ? Self.pathRules : Self.idRules)
    self.processes = Processes()
  }

  private static func parse(_ text: StaticString) -> Ruleset {
    var bytes: [UInt8] = []
    text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    do { return try Ruleset.parsing(bytes.span) } catch { preconditionFailure() }
  }

  /// Conditions that fail; if a rule has two conditions, the first one holds.
  private static var idRules: StaticString {
    """
    drop on process.pid 77
    drop on process.ppid 4242
    pass on process.uid 1000 process.gid 0
    drop on process.sid 1
    drop on process.gid 1000 process.sid 5
    poison 9 on process.uid 33
    drop on poison 9
    pass on process.ppid 999 process.uid 0
    drop on process.pid 1
    drop on process.uid 65534
    """
  }

  /// Paths with the same length, the same beginning and the same end as the compared paths.
  private static var pathRules: StaticString {
    """
    drop on process.exe /usr/local/bin/progzz
    drop on process.exe /usr/local/bin/*/prog
    pass on process.exe /usr/local/sbin/*
    drop on process.exe */bin/bash
    poison 9 on process.exe /usr/local/bin/chromium
    drop on process.exe /usr/*/prog
    drop on process.exe /usr/lib/systemd/*
    pass on process.exe /bin/sh
    drop on process.uid 1000 process.exe */sshd
    drop on process.exe /opt/*/bin/agent
    """
  }

  /// False if an event did not pass.
  mutating func measure() -> Bool {
    unsafe withUnsafeMutablePointer(to: &self) { bench in
      unsafe cbench_measure({ unsafe $0!.assumingMemoryBound(to: RuleBench.self).pointee.run() }, bench)
    }
    return passed == UInt64(count)
  }

  private mutating func run() {
    var event = unsafe quark_event()
    unsafe event.events = UInt64(QUARK_EV_EXEC)
    let (startNS, startCPU) = (cbench_boot_ns(), cbench_cpu_ns())
    var warmAllocations: UInt64 = 0
    for index in 0..<count {
      if index == count / 10 { warmAllocations = cbench_allocations() }
      unsafe event.process = UnsafePointer(processes.first + index % 8)
      if unsafe ruleset.storage.match(&event) == nil { passed += 1 }
    }
    var result = unsafe cbench_result()
    unsafe result.wall_ns = cbench_boot_ns() - startNS
    unsafe result.cpu_ns = cbench_cpu_ns() - startCPU
    unsafe result.later_allocations = cbench_allocations() - warmAllocations
    unsafe result.load = UnsafeRawPointer(Load.rules.name.utf8Start).assumingMemoryBound(to: CChar.self)
    unsafe result.raw_events = UInt64(count)
    unsafe result.events = passed
    unsafe cbench_print(&result)
  }

  /// Eight, with executables of 21 bytes.
  @safe private struct Processes: ~Copyable {
    let first: UnsafeMutablePointer<quark_process>

    init() {
      unsafe first = .allocate(capacity: 8)
      for index in 0..<8 {
        var process = unsafe quark_process()
        unsafe process.pid = 1000 + UInt32(index)
        unsafe process.flags = UInt64(QUARK_F_PROC)
        unsafe process.proc_ppid = 999
        unsafe process.proc_uid = 1000
        unsafe process.proc_gid = 1000
        unsafe process.proc_sid = 999
        unsafe process.exe = strdup("/usr/local/bin/prog\(index)a")
        unsafe (first + index).initialize(to: process)
      }
    }

    deinit {
      for index in 0..<8 { unsafe free(first[index].exe) }
      unsafe first.deallocate()
    }
  }
}
