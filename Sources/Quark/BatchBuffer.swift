#if !hasFeature(Embedded)
  /// Batches that wait to be taken, oldest first.
  struct BatchBuffer {
    private var batches: [EventBatch] = []
    /// Bytes of the batches in the buffer.
    private(set) var byteCount = 0
    /// Events that were refused since the last one that was accepted.
    private var refused: UInt64 = 0

    var isEmpty: Bool { batches.isEmpty }

    /// An empty buffer takes any batch.
    ///
    /// With `OverflowPolicy.wait` the caller makes sure that there is room.
    mutating func append(_ batch: EventBatch, _ overflow: OverflowPolicy) {
      var batch = batch
      switch overflow {
      case .wait: break
      case .dropNewest(let limit):
        guard isEmpty || byteCount + batch.byteCount <= limit else {
          refused += UInt64(batch.count)
          return
        }
        batch.dropped += refused
        refused = 0
      case .dropOldest(let limit):
        var dropped: UInt64 = 0
        while !isEmpty, byteCount + batch.byteCount > limit {
          let oldest = removeFirst()
          dropped += UInt64(oldest.count) + oldest.dropped
        }
        if isEmpty { batch.dropped += dropped } else { batches[0].dropped += dropped }
      }
      byteCount += batch.byteCount
      batches.append(batch)
    }

    mutating func removeFirst() -> EventBatch {
      let batch = batches.removeFirst()
      byteCount -= batch.byteCount
      return batch
    }

    mutating func removeAll() {
      batches = []
      byteCount = 0
    }
  }
#endif
