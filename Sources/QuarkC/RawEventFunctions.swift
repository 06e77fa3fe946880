import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

@c @implementation
public func raw_event_alloc(_ type: CInt) -> UnsafeMutablePointer<raw_event>! {
  guard type > 0, type < CInt(RAW_NUM_TYPES.rawValue) else {
    warn("there is no raw event of type \(type)", in: "raw_event_alloc")
    clinux_set_errno(EINVAL)
    return nil
  }
  guard let memory = unsafe calloc(1, MemoryLayout<raw_event>.stride) else { return nil }
  let event = unsafe memory.bindMemory(to: raw_event.self, capacity: 1)
  unsafe event.pointee.type = UInt32(type)
  switch raw_types(UInt32(type)) {
  case RAW_WAKE_UP_NEW_TASK, RAW_EXIT_THREAD, RAW_ID_CHANGE, RAW_GETPID:
    unsafe event.pointee.flags = UInt32(RAW_F_TASK)
    unsafe event.pointee.task.exit_code = -1
  default: break
  }
  return unsafe event
}

@c @implementation
public func raw_event_free(_ event: UnsafeMutablePointer<raw_event>!) {
  guard let event = unsafe event else { return }
  let strings = unsafe [
    event.pointee.exe, event.pointee.args, event.pointee.cwd, event.pointee.cgroup, event.pointee.env,
    event.pointee.script,
  ]
  for unsafe string in unsafe strings { unsafe free(string) }
  unsafe free(event)
}

@c @implementation
public func raw_event_insert(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ event: UnsafeMutablePointer<raw_event>!
) -> CInt {
  guard let driver = unsafe driver(of: queue) else { return fail(EINVAL) }
  do {
    try unsafe driver.pointee.insert(copyOf: event)
  } catch {
    warn("cannot insert a raw event: \(error.description)", in: "raw_event_insert")
    return fail(error.rawValue)
  }
  unsafe queue.pointee.length = CInt(driver.pointee.length)
  unsafe raw_event_free(event)
  return 0
}
