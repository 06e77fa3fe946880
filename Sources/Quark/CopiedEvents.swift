public import CQuark

/// Events that were copied, and the memory they are in.
@safe @usableFromInline final class CopiedEvents: @unchecked Sendable {
  // Sendable: nothing of it is ever changed.
  private let blocks: [UnsafeMutableRawPointer]
  @usableFromInline let events: [UnsafePointer<quark_event>]
  /// Bytes of memory that are taken.
  let byteCount: Int

  /// Takes over the blocks.
  init(_ blocks: [UnsafeMutableRawPointer], _ events: [UnsafePointer<quark_event>], byteCount: Int) {
    unsafe self.blocks = unsafe blocks
    unsafe self.events = unsafe events
    self.byteCount = byteCount
  }

  deinit {
    for unsafe block in unsafe blocks { unsafe block.deallocate() }
  }
}
