internal import CLinux
internal import CWire
internal import QuarkCore

/// The counters of the BPF programs for each CPU, in memory shared with the kernel. Reading them needs no system call,
/// which could be refused, or could make the kernel skip the programs whose losses are read.
@safe @usableFromInline struct RingCounters: ~Copyable {
  private let slots: UnsafePointer<wire_ring_stats>
  private let count: Int

  /// `count`: the number of slots in the map.
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
        // Safe: there are this many slots, each with a number for every family.
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
