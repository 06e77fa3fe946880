import CLinux
import CQuark
import Quark

// Functions of the interface that this library does not support, or not yet.

@c @implementation
public func quark_event_to_ecs(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ event: UnsafePointer<quark_event>!,
  _ buf: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!, _ len: UnsafeMutablePointer<Int>!
) -> CInt {
  warn("there is no ECS output yet", in: "quark_event_to_ecs")
  return fail(ENOTSUP)
}

@c @implementation
public func quark_start_kube_talker(
  _ kube_config: UnsafePointer<CChar>!, _ pid: UnsafeMutablePointer<pid_t>!
) -> CInt {
  guard unsafe kube_config != nil && pid != nil else { return fail(EINVAL) }
  warn("there is no support of kubernetes yet", in: "quark_start_kube_talker")
  return fail(ENOTSUP)
}

@c @implementation
public func quark_get_bpf_probes(_ queue: UnsafeMutablePointer<quark_queue>!) -> OpaquePointer! {
  clinux_set_errno(EINVAL)
  return nil
}

@c @implementation
public func quark_queue_trusted_pid_add(_ queue: UnsafeMutablePointer<quark_queue>!, _ pid: u32) -> CInt {
  pid > 0 && (unsafe usesEBPF(queue)) ? 0 : fail(EINVAL)
}

@c @implementation
public func quark_queue_trusted_pid_reset(_ queue: UnsafeMutablePointer<quark_queue>!) -> CInt {
  unsafe usesEBPF(queue) ? 0 : fail(EINVAL)
}

/// True if the queue uses EBPF, and not only allows it.
private func usesEBPF(_ queue: UnsafeMutablePointer<quark_queue>) -> Bool {
  guard let driver = unsafe driver(of: queue) else { return false }
  return unsafe driver.pointee.source == .ebpf
}
