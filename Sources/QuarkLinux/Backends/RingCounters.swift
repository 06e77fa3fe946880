internal import CLinux
internal import CWire

/// What the programs count for each CPU, in memory that the kernel shares: reading it is no system call, which could be
/// refused, or make the kernel pass over the very programs whose losses are asked for.
@safe @usableFromInline struct RingCounters: ~Copyable {
  enum Family: Int {
    case process = 0
  }

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
  func lost(_ family: Family) -> UInt64 {
    var sum: UInt64 = 0
    for index in 0..<count {
      // Safe: there are so many slots, each with a number for every family.
      sum &+= unsafe UnsafeRawPointer(slots + index).load(fromByteOffset: Self.lostOffset + 8 * family.rawValue, as: UInt64.self)
    }
    return sum
  }

  private static var lostOffset: Int { 8 * Int(WIRE_FAMILY_COUNT.rawValue) }

  private static func size(_ count: Int) -> Int { count * MemoryLayout<wire_ring_stats>.stride }
}
