internal import CLinux

/// The capabilities that a backend needs: capabilities(7).
enum Capabilities {
  /// If a missing privilege explains an error, the message begins with it.
  static func explaining(_ error: QuarkError) -> QuarkError {
    guard error.errno.rawValue == EPERM || error.errno.rawValue == EACCES else { return error }
    let effective = clinux_effective_capabilities()
    var missing = ""
    for (name, number) in [("CAP_BPF", 39), ("CAP_PERFMON", 38)] as [(String, UInt64)]
    where effective & 1 << number == 0 && effective & 1 << 21 == 0 {
      missing += (missing.isEmpty ? "" : " and ") + name
    }
    // Before 5.11 maps count as locked memory; with this capability libbpf can raise the limit.
    if missing.isEmpty, effective & 1 << 24 == 0 {
      missing = "CAP_SYS_RESOURCE (on kernels before 5.11, or a higher limit of locked memory)"
    }
    guard !missing.isEmpty else { return error }
    let detail = "this process lacks \(missing)" + (error.detail.isEmpty ? "" : "\n" + error.detail)
    return QuarkError(error.attempt, error.errno, detail: detail)
  }
}
