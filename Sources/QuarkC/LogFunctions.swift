import CQuark
import QuarkCore
import QuarkLinux

@c @implementation
public func setup_libbpf_logs() { LibbpfLog.capture() }

/// One line of the log, as a C program's `qwarnx` in `function` would write it.
func warn(_ message: String, in function: StaticString, line: Int = #line) {
  unsafe cquark_log_text(CInt(QUARK_VL_WARN.rawValue), function.cString, CInt(line), message)
}
