import CQuark
import QuarkCore
import Testing

@testable import Quark
@testable import QuarkLinux

/// What is said of a queue's fields, of sources that say what is to be said: nothing here touches the kernel's tracing.
@Suite struct CapabilityTests {
  private static let ebpf = SourceTraits(name: "ebpf", flag: QQ_EBPF)
  private static let kprobe = SourceTraits(name: "kprobe", flag: QQ_KPROBE)

  /// Of KPROBE, with all that there can be.
  private static var probes: SourceMeans {
    var means = SourceMeans()
    for probe in Probe.allCases { means.add(probe.type, probe.label, "kprobe/\(probe.label)", failure: "") }
    return means
  }

  private static func list(
    _ traits: SourceTraits, _ means: SourceMeans, _ flags: CInt = 0, maxEnvironment: Int = 4096
  ) -> [Queue.Capability] {
    CapabilityList(traits, means, Queue.Asking(flags: flags, maxEnvironment: maxEnvironment)).capabilities
  }

  private static func find(
    _ list: [Queue.Capability], _ event: CInt, _ field: String = ""
  ) throws -> Queue.Capability {
    try #require(list.first { $0.event.rawValue == UInt64(event) && $0.field == field })
  }

  @Test func everythingIsThereOnce() {
    let list = Self.list(Self.ebpf, HookPlan().means)
    let keys = list.map { "\($0.event.rawValue) \($0.field)" }
    #expect(Set(keys).count == keys.count && keys.count > 60)
    for capability in list {
      #expect((capability.state == .none) == capability.means.isEmpty || capability.flag == QQ_ENTRY_LEADER)
      #expect((capability.state == .exact) == capability.reason.isEmpty, "\(capability)")
    }
  }

  @Test func ebpfTellsWhatIsAskedFor() throws {
    let none = Self.list(Self.ebpf, HookPlan(types: cquark_types_for(0)).means)
    let shm = try Self.find(none, QUARK_EV_SHM)
    #expect(shm.state == .none && shm.reason.hasSuffix("not asked for: QQ_SHM") && shm.flag == QQ_SHM)
    #expect(try Self.find(none, QUARK_EV_EXEC, "env").state == .exact)
    #expect(try Self.find(none, QUARK_EV_EXEC, "env").means == "raw_tp/sched_process_exec")
    #expect(try Self.find(none, QUARK_EV_FORK, "proc_entry_leader").reason == "not asked for: QQ_ENTRY_LEADER")
    let leader = Self.list(Self.ebpf, HookPlan(types: cquark_types_for(0)).means, QQ_ENTRY_LEADER)
    #expect(try Self.find(leader, QUARK_EV_FORK, "proc_entry_leader").state == .exact)
    let poor = Self.list(Self.ebpf, HookPlan(types: cquark_types_for(0)).means, maxEnvironment: 0)
    #expect(try Self.find(poor, QUARK_EV_EXEC, "env").reason == "not asked for: max_env is 0")
    let flags = QQ_SHM | QQ_PTRACE | QQ_MODULE_LOAD | QQ_GETPID
    let all = Self.list(Self.ebpf, HookPlan(types: cquark_types_for(flags)).means, flags)
    #expect(try Self.find(all, QUARK_EV_GETPID).state == .exact)
    #expect(try Self.find(all, QUARK_EV_MODULE_LOAD, "taints").state == .exact)
    let ptrace = try Self.find(all, QUARK_EV_PTRACE)
    #expect(ptrace.state == .exact)
    #expect(
      ptrace.means == "fexit/ptrace_attach, fexit/ptrace_traceme, fexit/arch_ptrace, fexit/compat_arch_ptrace")
    let memory = try Self.find(all, QUARK_EV_SHM)
    #expect(memory.state == .part && memory.reason.contains("shm_open"))
    #expect(try Self.find(all, QUARK_EV_SHM, "path").means == "fexit/__x64_sys_memfd_create")
    #expect(try Self.find(all, QUARK_EV_FILE).reason == "there are no such events so far")
  }

  /// Where a hook cannot be had, what it tells is missing, and why is said.
  @Test func ebpfLacksHooks() throws {
    let flags = QQ_SHM | QQ_PTRACE
    let plan = HookPlan(types: cquark_types_for(flags)) {
      [.rawTracepoint, .kprobes].contains($0)
    }
    let list = Self.list(Self.ebpf, plan.means, flags)
    let shm = try Self.find(list, QUARK_EV_SHM, "path")
    #expect(shm.state == .none)
    #expect(shm.reason.contains("not fexit/__x64_sys_memfd_create: its kind is not allowed"))
    #expect(try Self.find(list, QUARK_EV_ID_CHANGE).state == .none)
    var half = HookPlan(types: cquark_types_for(0))
    while half[.setsid] != nil { half.reject(.setsid, "there is none") }
    let some = Self.list(Self.ebpf, half.means)
    #expect(try Self.find(some, QUARK_EV_ID_CHANGE).state == .part)
    #expect(try Self.find(some, QUARK_EV_ID_CHANGE, "id_change SETSID").state == .none)
    #expect(try Self.find(some, QUARK_EV_ID_CHANGE, "id_change SETUID").state == .exact)
  }

  @Test func kprobeCannotTellAll() throws {
    let list = Self.list(Self.kprobe, Self.probes, QQ_SHM)
    #expect(try Self.find(list, QUARK_EV_FORK).state == .exact)
    let change = try Self.find(list, QUARK_EV_ID_CHANGE)
    #expect(change.state == .none && change.reason.hasPrefix("kprobe cannot tell that the ids of a process changed"))
    #expect(try Self.find(list, QUARK_EV_EXEC, "env").state == .none)
    #expect(try Self.find(list, QUARK_EV_EXEC, "exe").state == .part)
    #expect(try Self.find(list, QUARK_EV_FORK, "cwd").reason.split(separator: "\n").count == 2)
    #expect(try Self.find(list, QUARK_EV_SHM, "path").reason == "kprobe tells of no such events")
    #expect(try Self.find(list, QUARK_EV_FORK, "container").state == .none)
    #expect(try Self.find(list, QUARK_EV_FORK, "threads").reason == "not asked for: QQ_THREAD_EVENTS")
    let threads = Self.list(Self.kprobe, Self.probes, QQ_THREAD_EVENTS)
    #expect(try Self.find(threads, QUARK_EV_FORK, "threads").state == .exact)
    #expect(try Self.find(threads, QUARK_EV_SETPROCTITLE, "threads").state == .part)
  }

  /// What this kernel's offsets do not lead to.
  @Test func kprobeLacksAField() throws {
    var means = Self.probes
    means.add(lackOf: "cgroup", RAW_WAKE_UP_NEW_TASK, "it is not there")
    let cgroup = try Self.find(Self.list(Self.kprobe, means), QUARK_EV_FORK, "cgroup")
    #expect(cgroup.state == .none && cgroup.means.isEmpty && cgroup.reason.hasPrefix("it is not there"))
  }

  /// Every hook that the table of fields names is one.
  @Test func hooksOfTheTable() {
    var index: UInt32 = 0
    while let field = unsafe cquark_field(index)?.pointee {
      index += 1
      let hooks = unsafe HookPlan().means.hooks(of: field.type, named: field.hook)
      #expect(!hooks.isEmpty, "\(unsafe String(cString: field.name))")
    }
    #expect(index > 50)
  }

  // MARK: - QQ_STRICT

  private struct Fake: RecordSource {
    let traits: SourceTraits
    let means: SourceMeans
    var description: String { "" }
    func watch(_ epoll: borrowing Epoll) throws(Errno) {}
    func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int { 0 }
    func lost() -> LossCounts { LossCounts() }
  }

  /// The words of the refusal; nil: there is none.
  private static func refusal(_ traits: SourceTraits, _ means: SourceMeans, _ flags: CInt) -> String? {
    var attributes = Queue.defaultAttributes
    attributes.flags = traits.flag | flags
    do throws(QuarkError) {
      try Queue.refuseLess(AnyRecordSource(Fake(traits: traits, means: means)), attributes)
      return nil
    } catch {
      #expect(error.errno.rawValue == 95)
      return error.message
    }
  }

  @Test func strictRefusesLess() throws {
    let told = try #require(Self.refusal(Self.kprobe, Self.probes, QQ_SHM | QQ_STRICT))
    #expect(told.contains("shm SHM (QQ_SHM): kprobe tells of no such events"))
    #expect(!told.contains("path"), "each family once")
    let plan = HookPlan(types: cquark_types_for(QQ_PTRACE)) { ![.fexit, .kretprobe, .kretprobes].contains($0) }
    let hooks = try #require(Self.refusal(Self.ebpf, plan.means, QQ_PTRACE | QQ_STRICT))
    #expect(hooks.contains("ptrace PTRACE (QQ_PTRACE): ptrace attach: none"))
    let threads = try #require(Self.refusal(Self.ebpf, HookPlan().means, QQ_THREAD_EVENTS | QQ_STRICT))
    #expect(threads.contains("process FORK threads (QQ_THREAD_EVENTS): ebpf cannot tell what threads do"))
    var half = HookPlan(types: cquark_types_for(0))
    while half[.comm] != nil { half.reject(.comm, "there is none") }
    let comm = try #require(Self.refusal(Self.ebpf, half.means, QQ_STRICT))
    #expect(comm.contains("process SETPROCTITLE: comm: none"))
  }

  @Test func strictTakesWhatThereIs() {
    #expect(Self.refusal(Self.kprobe, Self.probes, QQ_STRICT) == nil, "it never tells changes of ids")
    #expect(Self.refusal(Self.kprobe, Self.probes, QQ_STRICT | QQ_THREAD_EVENTS) == nil)
    #expect(Self.refusal(Self.kprobe, Self.probes, QQ_SHM) == nil, "nobody asked to be strict")
    let flags = QQ_SHM | QQ_PTRACE | QQ_MODULE_LOAD | QQ_TTY | QQ_GETPID | QQ_ENTRY_LEADER
    #expect(Self.refusal(Self.ebpf, HookPlan(types: cquark_types_for(flags)).means, flags | QQ_STRICT) == nil)
  }

  // MARK: - Recordings

  @Test func aRecordingTellsWhatItHas() throws {
    var attributes = Recording.attributes
    attributes.isStrict = true
    attributes.moreEvents = [.sharedMemory]
    let queue = try Queue(attributes)
    let list = queue.capabilities
    for event in [QUARK_EV_FORK, QUARK_EV_EXEC, QUARK_EV_EXIT] {
      #expect(try Self.find(list, event).state == .exact)
      #expect(try Self.find(list, event).means == "recording")
    }
    #expect(try Self.find(list, QUARK_EV_SHM).reason == "the recording has none")
    #expect(try Self.find(list, QUARK_EV_EXEC, "exe").state == .exact)
    #expect(try Self.find(list, QUARK_EV_EXEC, "env").reason == "no record of the recording has it")
    #expect(try Self.find(list, QUARK_EV_FORK, "threads").reason == "no record of the recording is of a thread")
    #expect(try Self.find(list, QUARK_EV_FILE).reason == "there are no such events so far")
  }
}
