/// Raw events in the order of their time stamps; equal stamps keep the order of arrival. Holds `capacity` events at
/// most, in memory taken once.
///
/// Slots of a slab, and a ring of slot numbers sorted by time. Records arrive nearly sorted, so an insertion looks for
/// its place from the newest end and moves few entries.
@safe public struct RawEventQueue: ~Copyable {
  public let capacity: Int
  public private(set) var count = 0
  private let slots: UnsafeMutablePointer<RawEvent>
  private let order: UnsafeMutablePointer<Int32>
  private let free: UnsafeMutablePointer<Int32>
  private var head = 0
  private var nextSequence: UInt64 = 0

  public init(capacity: Int) {
    precondition(capacity > 0 && capacity <= Int32.max)
    self.capacity = capacity
    unsafe slots = .allocate(capacity: capacity)
    unsafe order = .allocate(capacity: capacity)
    unsafe free = .allocate(capacity: capacity)
    for index in 0..<capacity { unsafe free[index] = Int32(index) }
  }

  // Inlinable, as every deinit of a non-copyable type here: Embedded Swift must see it where the value dies.
  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    for position in 0..<count { unsafe slots[Int(order[ringIndex(position)])].deallocate() }
    unsafe slots.deallocate()
    unsafe order.deallocate()
    unsafe free.deallocate()
  }

  public var isFull: Bool { count == capacity }

  /// Time stamp of the oldest event, nanoseconds since boot.
  public var oldestTimeNS: UInt64? { count == 0 ? nil : unsafe event(at: 0).timeNS }

  /// Takes the event over. The queue must not be full.
  @unsafe public mutating func insert(_ event: RawEvent) {
    precondition(!isFull)
    let slot = unsafe free[capacity - count - 1]
    unsafe slots[Int(slot)] = event
    unsafe slots[Int(slot)].sequence = nextSequence
    nextSequence += 1
    var position = count
    count += 1
    while position > 0, unsafe self.event(at: position - 1).timeNS > event.timeNS {
      unsafe order[ringIndex(position)] = order[ringIndex(position - 1)]
      position -= 1
    }
    unsafe order[ringIndex(position)] = slot
  }

  /// Removes the oldest event and gives it to the caller.
  @unsafe public mutating func popOldest() -> RawEvent? {
    count == 0 ? nil : unsafe remove(at: 0)
  }

  /// Removes the oldest event of `pid`, if `condition` accepts it.
  @unsafe public mutating func popNext(pid: UInt32, where condition: (RawEvent.Kind) -> Bool) -> RawEvent? {
    for position in 0..<count where unsafe event(at: position).pid == pid {
      return unsafe condition(event(at: position).kind) ? remove(at: position) : nil
    }
    return nil
  }

  private mutating func remove(at position: Int) -> RawEvent {
    let slot = unsafe order[ringIndex(position)]
    // Close the gap from the nearer end: the oldest events are the ones removed.
    var hole = position
    while hole > 0 {
      unsafe order[ringIndex(hole)] = order[ringIndex(hole - 1)]
      hole -= 1
    }
    head = ringIndex(1)
    count -= 1
    unsafe free[capacity - count - 1] = slot
    return unsafe slots[Int(slot)]
  }

  private func event(at position: Int) -> RawEvent { unsafe slots[Int(order[ringIndex(position)])] }

  private func ringIndex(_ position: Int) -> Int {
    let index = head + position
    return index >= capacity ? index - capacity : index
  }
}
