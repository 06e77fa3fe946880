/// Several rings of records, each in its own order. The head of a source is its oldest record that was not taken.
public protocol RecordSources: ~Copyable {
  var sourceCount: Int { get }
  /// The time of the head, nanoseconds since boot; nil when there is none now.
  mutating func headTimeNS(of source: Int) -> UInt64?
  /// Takes the head and passes it to the pipeline.
  mutating func takeHead(of source: Int, into pipeline: inout EventPipeline)
}

/// Reads several sources as one: always the source with the oldest head, and among equally old ones the first.
/// Therefore a record that waits outside of a full queue is never older than one that was read.
@safe public struct SourceMerge: ~Copyable {
  /// A heap: no head is older than that of its parent, whose index is half of its own.
  private let heap: UnsafeMutablePointer<Head>
  private var count = 0
  private let capacity: Int

  private struct Head {
    var timeNS: UInt64
    var source: Int

    func isBefore(_ other: Head) -> Bool {
      timeNS < other.timeNS || timeNS == other.timeNS && source < other.source
    }
  }

  public init(sourceCount: Int) {
    capacity = max(1, sourceCount)
    unsafe heap = .allocate(capacity: capacity)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe heap.deallocate() }

  /// Moves up to `limit` records, and not more than there is room for, into the pipeline. Returns their number.
  public mutating func pull<Sources: RecordSources & ~Copyable>(
    from sources: inout Sources, limit: Int = .max, into pipeline: inout EventPipeline
  ) -> Int {
    removeAll()
    for source in 0..<sources.sourceCount {
      if let timeNS = sources.headTimeNS(of: source) { add(source, timeNS: timeNS) }
    }
    var taken = 0
    while taken < limit, pipeline.room > 0, let source = oldest {
      sources.takeHead(of: source, into: &pipeline)
      taken += 1
      replaceOldest(timeNS: sources.headTimeNS(of: source))
    }
    return taken
  }

  // MARK: - Step by step, for code that owns the sources

  public mutating func removeAll() { count = 0 }

  /// Adds a source whose head has this time. Each source may be added only once.
  public mutating func add(_ source: Int, timeNS: UInt64) {
    precondition(count < capacity)
    push(Head(timeNS: timeNS, source: source))
  }

  /// The source to read next; nil when no source has a record.
  public var oldest: Int? { count > 0 ? unsafe heap[0].source : nil }

  /// Call this when the head of the oldest source was taken, with the time of its next record, or nil if there is none.
  public mutating func replaceOldest(timeNS: UInt64?) {
    if let timeNS {
      sink(Head(timeNS: timeNS, source: unsafe heap[0].source))
    } else {
      count -= 1
      if count > 0 { unsafe sink(heap[count]) }
    }
  }

  private mutating func push(_ head: Head) {
    var index = count
    count += 1
    while index > 0, unsafe head.isBefore(heap[(index - 1) / 2]) {
      unsafe (heap + index).initialize(to: heap[(index - 1) / 2])
      index = (index - 1) / 2
    }
    unsafe (heap + index).initialize(to: head)
  }

  /// Replaces the oldest head by `head`.
  private mutating func sink(_ head: Head) {
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < count else { break }
      if child + 1 < count, unsafe heap[child + 1].isBefore(heap[child]) { child += 1 }
      guard unsafe heap[child].isBefore(head) else { break }
      unsafe heap[index] = heap[child]
      index = child
    }
    unsafe heap[index] = head
  }
}
