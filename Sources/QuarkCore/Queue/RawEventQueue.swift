internal import CQuark

/// Raw events in the order of their times, and per process in the order of their times; equal times keep the order of
/// arrival. Two balanced trees over nodes in slabs, `capacity` at most; a node that leaves serves again.
///
/// Records arrive nearly sorted: an insertion looks for its place from the newest end, by time, or from the newest
/// event of the same process, and searches from the root only when that is not near.
@safe @usableFromInline struct RawEventQueue: ~Copyable {
  typealias Node = UnsafeMutablePointer<raw_event>

  /// Raw events held at most.
  let capacity: Int
  /// Raw events in the trees.
  private(set) var count = 0
  /// Sizes of the strings, NULs included, and payloads of the events in the trees, bytes.
  private(set) var variableBytes = 0

  /// Slabs of nodes, the newest first: each begins with the address of the next.
  private var slabs: UnsafeMutableRawPointer?
  private var nodesMade = 0
  private var slabUsed = 0
  /// Nodes of the newest slab.
  private var slabCapacity = 0
  /// Bytes of all slabs.
  private var reserved = 0
  private let memory: SlabMemory
  private var freeNodes: UnsafeMutablePointer<raw_event>?
  /// Events that were ever put into the trees: the next one's sequence number.
  private(set) var insertions: UInt64 = 0
  private(set) var byTime = unsafe RankBalancedTree()
  private(set) var byPIDTime = unsafe RankBalancedTree()
  /// By the low bits of a pid: an event of one of the pids that end so, the newest of its pid. A hint, no more.
  private let newestOfPID: UnsafeMutablePointer<UnsafeMutablePointer<raw_event>?>
  private let hintMask: UInt32
  private var timeSteps = RawEventQueue.stepsPerInsertion
  private var pidSteps = RawEventQueue.stepsPerInsertion

  private static var smallSlab: Int { 192 << 10 }
  private static var slabHead: Int { 16 }
  /// A hint may stand for several pids, so there need not be one for each event.
  private static var mostHints: Int { 1 << 20 }

  /// `capacity` nodes exist, those that are being filled included, so no more events can ever be in the trees.
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

  /// The strings of the events left belong to a pool that goes with the queue.
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

  /// The oldest event, or nil.
  @inline(__always)
  @unsafe var oldest: UnsafeMutablePointer<raw_event>? {
    unsafe byTime.first.map { unsafe Node(byTime: $0) }
  }

  /// The next event of the same process, or nil.
  @inline(__always)
  @unsafe func successor(of event: UnsafeMutablePointer<raw_event>) -> UnsafeMutablePointer<raw_event>? {
    guard let link = unsafe event.byPIDTime.pointee.next else { return nil }
    let next = unsafe Node(byPIDTime: link)
    return unsafe next.pointee.pid == event.pointee.pid ? next : nil
  }

  /// One of the trees, with all events in it, none waiting.
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
    // Safe: from `flags` to the payload they are four words of 32 bits and seven pointers, as a test holds.
    unsafe withUnsafeMutablePointer(to: &event.pointee.flags) {
      _ = unsafe UnsafeMutableRawPointer($0).initializeMemory(as: UInt8.self, repeating: 0, count: Self.cleared)
    }
    unsafe event.task.pointee.start_boottime = 0
    return unsafe event
  }

  /// Bytes of a raw event that are zero at first.
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

  /// Gives back a node that is not in the trees, and what strings it still has.
  @inline(__always)
  @unsafe mutating func free(_ event: UnsafeMutablePointer<raw_event>, strings: inout StringPool) {
    if unsafe event.pointee.variable_bytes != 0 { unsafe Families.release(event, in: &strings) }
    unsafe event.byTime.pointee.next = freeNodes?.byTime
    unsafe freeNodes = event
  }

  /// Puts an event with its type, pid and time into the trees.
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

  /// Steps towards the older that an insertion may take on average before a search from the root must settle it. What
  /// one saves another may use: so a search, which makes the trees do what laziness has spared them, needs many events
  /// that are far from their places, and the work per event stays constant.
  private static var stepsPerInsertion: Int { 16 }
  private static var savedSteps: Int { 4096 }

  private func setHint(_ pid: UInt32, _ event: Node?) { unsafe newestOfPID[Int(pid & hintMask)] = event }

  /// The last link whose event belongs before `event`.
  @inline(__always)
  private mutating func predecessorByTime(_ event: Node) -> Node.Link? {
    let timeNS = unsafe event.pointee.time
    // All that is here came before `event`: a time that is equal precedes.
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
    // From the newest of this process, or else from the greatest pid of all: new processes count upwards.
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
