internal import CQuark

/// The bits of `quark_event.events` for raw events outside of the process family, which carry no more than that yet.
enum EventBits {
  /// `type`: of `raw_types`.
  @inline(__always)
  static func isOfProcessFamily(_ type: UInt32) -> Bool { processFamily &>> type & 1 != 0 }

  private static var processFamily: UInt32 {
    1 << RAW_EXEC.rawValue | 1 << RAW_WAKE_UP_NEW_TASK.rawValue | 1 << RAW_EXIT_THREAD.rawValue
      | 1 << RAW_ID_CHANGE.rawValue | 1 << RAW_COMM.rawValue | 1 << RAW_EXEC_CONNECTOR.rawValue
      | 1 << RAW_GETPID.rawValue
  }

  static func bit(_ type: raw_types) -> UInt64 {
    switch type {
    case RAW_SOCK_CONN: UInt64(QUARK_EV_SOCK_CONN_ESTABLISHED)
    case RAW_PACKET: UInt64(QUARK_EV_PACKET)
    case RAW_FILE: UInt64(QUARK_EV_FILE)
    case RAW_PTRACE: UInt64(QUARK_EV_PTRACE)
    case RAW_MODULE_LOAD: UInt64(QUARK_EV_MODULE_LOAD)
    case RAW_SHM: UInt64(QUARK_EV_SHM)
    case RAW_TTY: UInt64(QUARK_EV_TTY)
    case RAW_MPROTECT: UInt64(QUARK_EV_MPROTECT)
    default: 0
    }
  }
}
