import CLinux
import CQuark
import Quark

@c @implementation
public func quark_queue_get_capabilities(
  _ queue: UnsafeMutablePointer<quark_queue>!
) -> UnsafePointer<quark_capabilities>! {
  guard let driver = unsafe driver(of: queue) else {
    _ = fail(EINVAL)
    return nil
  }
  if unsafe queue.pointee.capabilities == nil {
    unsafe queue.pointee.capabilities = block(of: driver.pointee.capabilities, driver)
  }
  return unsafe UnsafePointer(queue.pointee.capabilities)
}

/// One piece of memory of malloc(3): the structure, the list, and the texts. Nil with ENOMEM.
private func block(
  of capabilities: [Queue.Capability], _ driver: UnsafeMutablePointer<Queue>
) -> UnsafeMutablePointer<quark_capabilities>? {
  let name = unsafe driver.pointee.sourceName
  let listOffset = unsafe MemoryLayout<quark_capabilities>.size
  let textOffset = unsafe listOffset + capabilities.count * MemoryLayout<quark_capability>.stride
  var size = textOffset + name.utf8.count + 1
  for capability in capabilities { for text in texts(of: capability) { size += text.utf8.count + 1 } }
  guard let memory = unsafe malloc(size) else { return nil }
  let list = unsafe (memory + listOffset).bindMemory(to: quark_capability.self, capacity: capabilities.count)
  var next = unsafe (memory + textOffset).bindMemory(to: CChar.self, capacity: size - textOffset)
  for (index, capability) in capabilities.enumerated() {
    // Safe: that there is room for all of these was counted above.
    unsafe (list + index).initialize(to: plain(capability, at: &next))
  }
  let result = unsafe memory.bindMemory(to: quark_capabilities.self, capacity: 1)
  unsafe result.initialize(
    to: quark_capabilities(
      backend: driver.pointee.backend, backend_name: store(name, at: &next), list: UnsafePointer(list),
      count: capabilities.count))
  return unsafe result
}

private func texts(of capability: Queue.Capability) -> [String] {
  [capability.family, capability.field, capability.means, capability.reason]
}

@unsafe private func plain(
  _ capability: Queue.Capability, at next: inout UnsafeMutablePointer<CChar>
) -> quark_capability {
  unsafe quark_capability(
    family: quark_family(capability.familyNumber), state: quark_capability_state(capability.state.rawValue),
    event: capability.event.rawValue, flag: capability.flag, family_name: store(capability.family, at: &next),
    field: store(capability.field, at: &next), means: store(capability.means, at: &next),
    reason: store(capability.reason, at: &next))
}

/// Copies a text, and a NUL, to where `next` then is behind.
@unsafe private func store(
  _ text: String, at next: inout UnsafeMutablePointer<CChar>
) -> UnsafePointer<CChar> {
  let start = unsafe next
  for byte in text.utf8 {
    unsafe next.pointee = CChar(bitPattern: byte)
    unsafe next += 1
  }
  unsafe next.pointee = 0
  unsafe next += 1
  return unsafe UnsafePointer(start)
}
