internal import CQuark

/// Raw events ordered by time, and ordered by process and time; equal times keep the order of arrival. There are two
/// balanced trees over nodes in slabs, `capacity` nodes at most; nodes are used again.
///
/// Records arrive nearly sorted: an insertion searches its place from the newest end, by time, or from the newest raw
/// event of the same process, and searches from the root only if the place is not near.
@safe @usableFromInline struct RawEventQueue: ~Copyable {
  typealias Node = UnsafeMutablePointer<raw_event>

  /// The maximum number of raw events.
  let capacity: Int
  /// Raw events in the trees.
  private(set) var count = 0
  /// Bytes of the strings, with their NULs, and of the payloads of the raw events in the trees.
  private(set) var variableBytes = 0

  /// Slabs of nodes, newest first: each begins with the address of the next one.
  private var slabs: UnsafeMutableRawPointer?
  private var nodesMade = 0
  private var slabUsed = 0
  /// The number of nodes in the newest slab.
  private var slabCapacity = 0
  /// Bytes of all slabs.
  private var reserved = 0
  private let memory: SlabMemory
  private var freeNodes: UnsafeMutablePointer<raw_event>?
  /// The number of raw events that were ever put into the trees: the next sequence number.
  private(set) var insertions: UInt64 = 0
  private(set) var byTime = unsafe RankBalancedTree()
  private(set) var byPIDTime = unsafe RankBalancedTree()
  /// For the low bits of a pid: the newest raw event of one of the pids with these bits. It is only a hint.
  private let newestOfPID: UnsafeMutablePointer<UnsafeMutablePointer<raw_event>?>
  private let hintMask: UInt32
  private var timeSteps = RawEventQueue.stepsPerInsertion
  private var pidSteps = RawEventQueue.stepsPerInsertion

  private static var smallSlab: Int { 192 << 10 }
  private static var slabHead: Int { 16 }
  /// Several pids may share a hint, so there need not be one for each raw event.
  private static var mostHints: Int { 1 << 20 }

  /// There are `capacity` nodes, with those that are being filled, so the trees can never have more raw events.
  init(capacity: Int, memory: SlabMemory = SlabMemory()) {
    precondition(capacity > 0 && capacity <= Int32.max)
    self.capacity = capacity
    self.memory = memory
    var hints = 64
    while hints < min(capacity, Self.mostHints) { hints *= 2 }
    hintMask = UInt32(hints - 1)
    unsafe newestOfPID = .allocate(capacity: hints)
    unsafe newestOfPID.initialize(repeating: nil, count: hints)
  }

  @inlinable deinit { destroy() }

  /// The strings of the remaining raw events belong to a pool that ends with the queue.
  @usableFromInline func destroy() {
    unsafe newestOfPID.deallocate()
    var next = unsafe slabs
    while let slab = unsafe next {
      unsafe next = slab.load(as: UnsafeMutableRawPointer?.self)
      unsafe slab.deallocate()
    }
  }

  @inline(__always)
  var isFull: Bool { count == capacity }

  /// The oldest raw event, or nil.
  @inline(__always)
  @unsafe var oldest: UnsafeMutablePointer<raw_event>? {
    unsafe byTime.first.map { unsafe Node(byTime: $0) }
  }

  /// The next raw event of the same process, or nil.
  @inline(__always)
  @unsafe func successor(of event: UnsafeMutablePointer<raw_event>) -> UnsafeMutablePointer<raw_event>? {
    guard let link = unsafe event.byPIDTime.pointee.next else { return nil }
    let next = unsafe Node(byPIDTime: link)
    return unsafe next.pointee.pid == event.pointee.pid ? next : nil
  }

  /// One of the trees, with all raw events in it and none waiting.
  @unsafe mutating func indexed(_ order: RawEventGraph.Order) -> RankBalancedTree {
    switch order {
    case .byTime:
      unsafe byTime.index()
      return unsafe byTime
    case .byPIDTime:
      unsafe byPIDTime.index()
      return unsafe byPIDTime
    }
  }

  // MARK: - Life of an event

  /// An event that is not in the trees yet, without strings and payload, and of which no start is known; what else it
  /// has is undefined. Nil when all nodes are taken.
  @inline(__always)
  @unsafe mutating func make() -> UnsafeMutablePointer<raw_event>? {
    let event: Node
    if let free = unsafe freeNodes {
      unsafe event = free
      unsafe freeNodes = free.byTime.pointee.next.map { unsafe Node(byTime: $0) }
    } else {
      guard let fresh = unsafe makeNode() else { return nil }
      unsafe event = fresh
    }
    // Safe: from `flags` to the payload there are four words of 32 bits and seven pointers, which a test checks.
    unsafe withUnsafeMutablePointer(to: &event.pointee.flags) {
      _ = unsafe UnsafeMutableRawPointer($0).initializeMemory(as: UInt8.self, repeating: 0, count: Self.cleared)
    }
    unsafe event.task.pointee.start_boottime = 0
    return unsafe event
  }

  /// The number of bytes of a raw event that are set to zero.
  static var cleared: Int { 4 * 4 + 7 * 8 }

  @inline(never)
  private mutating func makeNode() -> Node? {
    guard nodesMade < capacity else { return nil }
    let size = unsafe MemoryLayout<raw_event>.stride
    if slabUsed == slabCapacity {
      let bytes = memory.nextSize(reserved: reserved, size: Self.smallSlab)
      let slab = unsafe memory.allocate(bytes, alignment: 16)
      unsafe slab.storeBytes(of: slabs, as: UnsafeMutableRawPointer?.self)
      unsafe slabs = slab
      reserved += bytes
      (slabUsed, slabCapacity) = (0, (bytes - Self.slabHead) / size)
    }
    nodesMade += 1
    defer { slabUsed += 1 }
    return unsafe (slabs! + Self.slabHead + slabUsed * size).bindMemory(to: raw_event.self, capacity: 1)
  }

  /// Releases a node that is not in the trees, and its remaining strings.
  @inline(__always)
  @unsafe mutating func free(_ event: UnsafeMutablePointer<raw_event>, strings: inout StringPool) {
    if unsafe event.pointee.variable_bytes != 0 { unsafe Families.release(event, in: &strings) }
    unsafe event.byTime.pointee.next = freeNodes?.byTime
    unsafe freeNodes = event
  }

  /// Puts a raw event with type, pid and time into the trees.
  @inline(__always)
  @unsafe mutating func insert(_ event: UnsafeMutablePointer<raw_event>) {
    unsafe event.pointee.sequence = insertions
    insertions &+= 1
    count &+= 1
    variableBytes &+= unsafe Int(event.pointee.variable_bytes)
    unsafe byTime.insert(event.byTime, after: predecessorByTime(event))
    let previous = unsafe predecessorByPID(event)
    unsafe byPIDTime.insert(event.byPIDTime, after: previous)
    if unsafe successor(of: event) == nil { unsafe setHint(event.pointee.pid, event) }
  }

  @inline(__always)
  @unsafe mutating func remove(_ event: UnsafeMutablePointer<raw_event>) {
    count &-= 1
    variableBytes &-= unsafe Int(event.pointee.variable_bytes)
    let pid = unsafe event.pointee.pid
    if unsafe UInt(bitPattern: newestOfPID[Int(pid & hintMask)]) == UInt(bitPattern: event) {
      let previous = unsafe event.byPIDTime.pointee.previous.map { unsafe Node(byPIDTime: $0) }
      let isSame = unsafe previous != nil && previous!.pointee.pid == pid
      unsafe setHint(pid, isSame ? previous : nil)
    }
    unsafe byTime.remove(event.byTime)
    unsafe byPIDTime.remove(event.byPIDTime)
  }

  // MARK: - Places

  /// The number of steps towards older raw events that an insertion may take on average before it searches from the
  /// root. Steps that one insertion saves can be used by another. A search makes the lazy trees do their postponed
  /// work; it is needed only after many raw events that are far from their places, so the work per raw event stays
  /// constant.
  private static var stepsPerInsertion: Int { 16 }
  private static var savedSteps: Int { 4096 }

  private func setHint(_ pid: UInt32, _ event: Node?) { unsafe newestOfPID[Int(pid & hintMask)] = event }

  /// The last link whose raw event belongs before `event`.
  @inline(__always)
  private mutating func predecessorByTime(_ event: Node) -> Node.Link? {
    let timeNS = unsafe event.pointee.time
    // All raw events here arrived before `event`: those with an equal time come first.
    var link = unsafe byTime.last
    var steps = timeSteps
    repeat {
      guard let candidate = unsafe link, unsafe Node(byTime: candidate).pointee.time > timeNS else {
        timeSteps = min(steps &+ Self.stepsPerInsertion, Self.savedSteps)
        return unsafe link
      }
      unsafe link = candidate.pointee.previous
      steps &-= 1
    } while steps != 0
    timeSteps = Self.stepsPerInsertion
    return unsafe searchByTime(event)
  }

  @inline(never)
  private mutating func searchByTime(_ event: Node) -> Node.Link? {
    unsafe byTime.index()
    var result: Node.Link?
    var next = unsafe byTime.root
    while let candidate = unsafe next {
      let isBefore = unsafe Node(byTime: candidate).precedes(
        timeNS: event.pointee.time, sequence: event.pointee.sequence)
      if isBefore { unsafe result = candidate }
      unsafe next = isBefore ? candidate.pointee.right : candidate.pointee.left
    }
    return unsafe result
  }

  @inline(__always)
  private mutating func predecessorByPID(_ event: Node) -> Node.Link? {
    let pid = unsafe event.pointee.pid
    // Begin with the newest raw event of this process, or else with the largest pid: pids of new processes are
    // ascending.
    let hint = unsafe newestOfPID[Int(pid & hintMask)]
    var link = unsafe hint != nil && hint!.pointee.pid == pid ? hint!.byPIDTime : byPIDTime.last
    let timeNS = unsafe event.pointee.time
    var steps = pidSteps
    repeat {
      guard let candidate = unsafe link, unsafe Node(byPIDTime: candidate).isBehind(pid: pid, timeNS: timeNS) else {
        pidSteps = min(steps &+ Self.stepsPerInsertion, Self.savedSteps)
        return unsafe link
      }
      unsafe link = candidate.pointee.previous
      steps &-= 1
    } while steps != 0
    pidSteps = Self.stepsPerInsertion
    return unsafe searchByPID(event)
  }

  @inline(never)
  private mutating func searchByPID(_ event: Node) -> Node.Link? {
    unsafe byPIDTime.index()
    var result: Node.Link?
    var next = unsafe byPIDTime.root
    while let candidate = unsafe next {
      let isBefore = unsafe Node(byPIDTime: candidate).precedes(
        pid: event.pointee.pid, timeNS: event.pointee.time, sequence: event.pointee.sequence)
      if isBefore { unsafe result = candidate }
      unsafe next = isBefore ? candidate.pointee.right : candidate.pointee.left
    }
    return unsafe result
  }
}
