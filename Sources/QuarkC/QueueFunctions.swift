import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

@c @implementation
public func quark_queue_default_attr_api(
  _ attr: UnsafeMutablePointer<quark_queue_attr>!, _ client: UnsafePointer<quark_client>!
) {
  // A client that does not fit is refused when it opens a queue; here nothing is written, because its structure may be
  // too small.
  guard case .fits(let generation) = unsafe ClientFit(client) else { return }
  unsafe attr.pointee = Queue.defaultAttributes(of: generation)
}

@c @implementation
public func quark_queue_open_api(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ attr: UnsafeMutablePointer<quark_queue_attr>!,
  _ client: UnsafePointer<quark_client>!
) -> CInt {
  cquark_log_configure()
  let generation: ClientGeneration
  switch unsafe ClientFit(client) {
  case .fits(let found): generation = found
  case .differs(let reason):
    // Only the developer of the program sees this, and there is no other message, so it does not depend on
    // quark_verbose.
    setOpenError(reason)
    unsafe cquark_log_text(
      CInt(QUARK_VL_SILENT.rawValue), ("quark_queue_open" as StaticString).cString, CInt(#line), reason)
    return fail(EPROTO)
  }
  let attributes = unsafe attr?.pointee ?? Queue.defaultAttributes(of: generation)
  unsafe queue.pointee = quark_queue()
  unsafe queue.pointee.epollfd = -1
  unsafe queue.pointee.flags = attributes.flags
  setOpenError("")
  do {
    let opened = try Queue(attributes, generation: generation)
    let driver = UnsafeMutablePointer<Queue>.allocate(capacity: 1)
    unsafe queue.pointee.epollfd = opened.epollDescriptor
    unsafe queue.pointee.ruleset = attributes.ruleset
    unsafe driver.initialize(to: opened)
    unsafe queue.pointee.driver = UnsafeMutableRawPointer(driver)
    unsafe refreshStatistics(queue, driver)
    unsafe loadMachine(queue)
    return 0
  } catch {
    setOpenError(error.message)
    warn(error.message, in: "quark_queue_open")
    clinux_set_errno(error.errno.rawValue)
    return -1
  }
}

@c @implementation
public func quark_queue_open_error() -> UnsafePointer<CChar>! {
  unsafe clinux_words()
}

@c @implementation
public func quark_queue_get_hooks(_ queue: UnsafeMutablePointer<quark_queue>!) -> UnsafePointer<CChar>! {
  guard let driver = unsafe driver(of: queue) else {
    _ = fail(EINVAL)
    return nil
  }
  if let text = unsafe queue.pointee.hooks { return unsafe UnsafePointer(text) }
  unsafe queue.pointee.hooks = strdup(driver.pointee.hooks)
  return unsafe UnsafePointer(queue.pointee.hooks)
}

@c @implementation
public func quark_queue_get_fallback_reason(_ queue: UnsafeMutablePointer<quark_queue>!) -> UnsafePointer<CChar>! {
  guard let driver = unsafe driver(of: queue) else {
    _ = fail(EINVAL)
    return nil
  }
  if let text = unsafe queue.pointee.fallback_reason { return unsafe UnsafePointer(text) }
  unsafe queue.pointee.fallback_reason = strdup(driver.pointee.fallbackReason)
  return unsafe UnsafePointer(queue.pointee.fallback_reason)
}

@c @implementation
public func quark_queue_close(_ queue: UnsafeMutablePointer<quark_queue>!) {
  guard let driver = unsafe driver(of: queue) else { return }
  unsafe queue.pointee.driver = nil
  unsafe free(queue.pointee.hooks)
  unsafe queue.pointee.hooks = nil
  unsafe free(queue.pointee.fallback_reason)
  unsafe queue.pointee.fallback_reason = nil
  unsafe free(queue.pointee.capabilities)
  unsafe queue.pointee.capabilities = nil
  unsafe queue.pointee.epollfd = -1
  unsafe queue.pointee.ruleset = nil
  unsafe unloadMachine(queue)
  unsafe driver.deinitialize(count: 1)
  unsafe driver.deallocate()
}

@c @implementation
public func quark_queue_get_event(_ queue: UnsafeMutablePointer<quark_queue>!) -> UnsafePointer<quark_event>! {
  guard let driver = unsafe driver(of: queue) else { return nil }
  unsafe driver.pointee.ruleset = queue.pointee.ruleset
  let event = unsafe driver.pointee.nextEvent()
  unsafe queue.pointee.length = CInt(driver.pointee.length)
  return unsafe event
}

@c @implementation
public func quark_queue_block(_ queue: UnsafeMutablePointer<quark_queue>!) -> CInt {
  guard let driver = unsafe driver(of: queue) else { return fail(EINVAL) }
  do {
    try unsafe driver.pointee.block()
    return 0
  } catch {
    return fail(error.rawValue)
  }
}

@c @implementation
public func quark_queue_get_epollfd(_ queue: UnsafeMutablePointer<quark_queue>!) -> CInt {
  guard let driver = unsafe driver(of: queue) else { return fail(EINVAL) }
  return unsafe driver.pointee.epollDescriptor
}

@c @implementation
public func quark_queue_populate(_ queue: UnsafeMutablePointer<quark_queue>!) -> CInt {
  guard let driver = unsafe driver(of: queue) else { return fail(EINVAL) }
  let count = unsafe driver.pointee.populate()
  unsafe queue.pointee.length = CInt(driver.pointee.length)
  return CInt(clamping: count)
}

@c @implementation
public func quark_queue_get_stats(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ stats: UnsafeMutablePointer<quark_queue_stats>!
) {
  if let driver = unsafe driver(of: queue) { unsafe refreshStatistics(queue, driver) }
  // Both have the same generation and the same size.
  unsafe stats.pointee = queue.pointee.stats
}

@c @implementation
public func quark_process_lookup(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ pid: CInt
) -> UnsafePointer<quark_process>! {
  if let driver = unsafe driver(of: queue), pid > 0, let process = unsafe driver.pointee.lookup(pid: UInt32(pid)) {
    return unsafe process
  }
  clinux_set_errno(ESRCH)
  return nil
}

@c @implementation
public func quark_process_iter_init(
  _ iterator: UnsafeMutablePointer<quark_process_iter>!, _ queue: UnsafeMutablePointer<quark_queue>!
) {
  unsafe iterator.pointee = quark_process_iter(queue: queue, next_pid: 0)
}

@c @implementation
public func quark_process_iter_next(
  _ iterator: UnsafeMutablePointer<quark_process_iter>!
) -> UnsafePointer<quark_process>! {
  guard let driver = unsafe driver(of: iterator.pointee.queue),
    let pid = unsafe UInt32(exactly: iterator.pointee.next_pid),
    let process = unsafe driver.pointee.firstProcess(notBelow: pid)
  else { return nil }
  unsafe iterator.pointee.next_pid = u64(process.pointee.pid) + 1
  return unsafe process
}

// MARK: -

func driver(of queue: UnsafeMutablePointer<quark_queue>!) -> UnsafeMutablePointer<Queue>? {
  // Safe: only quark_queue_open stores here, and what it stores is a Queue.
  unsafe queue?.pointee.driver?.assumingMemoryBound(to: Queue.self)
}

func fail(_ errno: CInt) -> CInt {
  clinux_set_errno(errno)
  return -1
}

/// Stores the counters in the layout of the program that opened the queue.
private func refreshStatistics(_ queue: UnsafeMutablePointer<quark_queue>, _ driver: UnsafeMutablePointer<Queue>) {
  var counters = unsafe driver.pointee.counters()
  unsafe cquark_store_stats(&queue.pointee.stats, &counters, driver.pointee.generation.api)
}

/// The message for quark_queue_open_error(). Each thread has its own, because several threads may open queues at once.
private func setOpenError(_ message: String) { unsafe clinux_set_words(message) }
