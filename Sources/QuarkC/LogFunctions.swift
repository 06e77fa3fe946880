import CQuark
import QuarkLinux

@c @implementation
public func setup_libbpf_logs() { LibbpfLog.capture() }

/// One line of the log, as a C program's `qwarnx` in `function` would write it.
func warn(_ message: String, in function: StaticString, line: Int = #line) {
  // Safe: a literal ends with a NUL, and stays.
  let name = unsafe UnsafeRawPointer(function.utf8Start).assumingMemoryBound(to: CChar.self)
  unsafe cquark_log_text(CInt(QUARK_VL_WARN.rawValue), name, CInt(line), message)
}
