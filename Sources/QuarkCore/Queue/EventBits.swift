internal import CQuark

/// The bits of `quark_event.events` for raw events outside of the process family, which carry no more than that yet.
enum EventBits {
  static func isOfProcessFamily(_ type: raw_types) -> Bool {
    type.rawValue <= RAW_EXEC_CONNECTOR.rawValue || type == RAW_GETPID
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
    default: 0
    }
  }
}
