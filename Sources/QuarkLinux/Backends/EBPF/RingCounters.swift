internal import CLinux
internal import CWire
internal import QuarkCore

/// What the programs count for each CPU, in memory that the kernel shares: reading it is no system call, which could be
/// refused, or make the kernel pass over the very programs whose losses are asked for.
@safe @usableFromInline struct RingCounters: ~Copyable {
  private let slots: UnsafePointer<wire_ring_stats>
  private let count: Int

  /// `count`: slots of the map.
  init(map descriptor: CInt, count: Int) throws(Errno) {
    let memory = unsafe mmap(nil, Self.size(count), PROT_READ, MAP_SHARED, descriptor, 0)
    guard let memory = unsafe memory, unsafe memory != clinux_map_failed() else { throw .current }
    unsafe slots = UnsafePointer(memory.assumingMemoryBound(to: wire_ring_stats.self))
    self.count = count
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe munmap(UnsafeMutableRawPointer(mutating: slots), Self.size(count))
  }

  /// Records that the programs could not send.
  func lost() -> LossCounts {
    var sum = LossCounts()
    for index in 0..<count {
      for family in 0..<LossCounts.familyCount {
        // Safe: there are so many slots, each with a number for every family.
        let lost = unsafe UnsafeRawPointer(slots + index).load(
          fromByteOffset: Self.lostOffset + 8 * family, as: UInt64.self)
        sum.add(lost, of: wire_family(UInt32(family)))
      }
    }
    return sum
  }

  private static var lostOffset: Int { 8 * LossCounts.familyCount }

  private static func size(_ count: Int) -> Int { count * MemoryLayout<wire_ring_stats>.stride }
}
