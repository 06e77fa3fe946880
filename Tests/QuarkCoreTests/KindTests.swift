import CQuark
import CWire
import Testing

@testable import QuarkCore

/// Compares the tables of kinds.h with quark.h and with the published numbers.
@Suite struct KindTests {
  /// Numbers are in recordings, so they must never change.
  @Test func numbersStay() {
    let kinds = [
      WIRE_FORK, WIRE_EXEC, WIRE_EXIT, WIRE_ID_CHANGE, WIRE_COMM, WIRE_EXEC_CONNECTOR, WIRE_THREAD_FORK,
      WIRE_THREAD_EXIT, WIRE_THREAD_COMM, WIRE_BARE_EXEC, WIRE_BARE_COMM,
    ]
    #expect(kinds.map(\.rawValue) == Array(1...11))
    #expect(WIRE_KIND_END.rawValue > WIRE_BARE_COMM.rawValue)
  }

  @Test func everyTypeHasARow() {
    for type in 1..<RAW_NUM_TYPES.rawValue {
      let row = unsafe cquark_type(type).pointee
      #expect(unsafe row.event.nonzeroBitCount == 1, "\(type)")
      #expect(unsafe row.family <= WIRE_FAMILY_NONE.rawValue, "\(type)")
    }
    for type in [0, RAW_NUM_TYPES.rawValue, .max] { #expect(unsafe cquark_type(type).pointee.event == 0, "\(type)") }
  }

  @Test func whatIsNoKind() {
    for kind in [0, WIRE_KIND_END.rawValue, 77, .max] {
      #expect(unsafe cquark_kind(kind).pointee.type == RAW_INVALID.rawValue, "\(kind)")
    }
  }

  /// A kind has the family of its raw event, and a body with a task is at least as long as a task.
  @Test func everyKindFits() {
    for kind in 1..<WIRE_KIND_END.rawValue {
      let row = unsafe cquark_kind(kind).pointee
      #expect(unsafe row.family == cquark_type(row.type).pointee.family, "\(kind)")
      #expect(row.body_size % 8 == 0, "fields are aligned behind it")
      let hasTask = row.flags & UInt32(RAW_F_TASK) != 0
      #expect(!hasTask || row.body_size >= MemoryLayout<wire_task>.size, "\(kind)")
    }
  }

  @Test func processesAreOneFamily() {
    let types = cquark_types_of(WIRE_FAMILY_PROCESS.rawValue)
    let expected = [
      RAW_EXEC, RAW_WAKE_UP_NEW_TASK, RAW_EXIT_THREAD, RAW_ID_CHANGE, RAW_COMM, RAW_EXEC_CONNECTOR, RAW_GETPID,
    ].reduce(0 as UInt32) { $0 | 1 << $1.rawValue }
    #expect(types == expected)
    #expect(ProcessFamily.has(RAW_GETPID.rawValue) && !ProcessFamily.has(RAW_FILE.rawValue))
  }

  @Test func flags() {
    let all = QQ_SOCK_CONN | QQ_DNS | QQ_FILE | QQ_SHM | QQ_TTY | QQ_PTRACE | QQ_MODULE_LOAD | QQ_GETPID | QQ_MPROTECT
    #expect(cquark_flags_for(.max) == all)
    #expect(cquark_flags_for_events(UInt64(QUARK_EV_PACKET | QUARK_EV_FORK)) == QQ_DNS)
    #expect(unsafe String(cString: cquark_flag_name(QQ_DNS)!) == "QQ_DNS")
    #expect(unsafe cquark_flag_name(QQ_EBPF) == nil && cquark_flag_name(0) == nil)
    let process = cquark_types_of(WIRE_FAMILY_PROCESS.rawValue) & ~(1 << RAW_GETPID.rawValue)
    #expect(cquark_types_for(QQ_EBPF) == process)
    #expect(cquark_types_for(QQ_EBPF | QQ_FILE) == process | 1 << RAW_FILE.rawValue)
    #expect(cquark_types_for(QQ_GETPID) == process | 1 << RAW_GETPID.rawValue)
  }

  @Test func whoTellsWhat() {
    let ebpf = cquark_types_from(WIRE_EBPF.rawValue)
    let kprobe = cquark_types_from(WIRE_KPROBE.rawValue)
    #expect(ebpf & 1 << RAW_ID_CHANGE.rawValue != 0 && kprobe & 1 << RAW_ID_CHANGE.rawValue == 0)
    #expect(ebpf & kprobe & 1 << RAW_EXIT_THREAD.rawValue != 0)
  }

  @Test func names() {
    #expect(unsafe String(cString: cquark_event_name(UInt64(QUARK_EV_SETPROCTITLE))) == "SETPROCTITLE")
    #expect(unsafe String(cString: cquark_event_name(UInt64(QUARK_EV_MPROTECT))) == "MPROTECT")
    #expect(unsafe String(cString: cquark_event_name(1 << 40)) == "?")
    #expect(unsafe String(cString: cquark_type(RAW_WAKE_UP_NEW_TASK.rawValue).pointee.label) == "NEW_TASK")
  }
}
