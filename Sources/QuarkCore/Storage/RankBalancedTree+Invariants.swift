#if DEBUG || CHECK_INVARIANTS
  internal import CQuark

  extension RankBalancedTree {
    /// The number of links, or nil if a rank, a link or the order of the list is wrong.
    func checkInvariants() -> Int? {
      var (count, countWaiting) = (0, 0)
      var (previous, previousInTree): (Link?, Link?) = (nil, nil)
      var next = unsafe first
      while let link = unsafe next {
        guard unsafe link.pointee.previous == previous else { return nil }
        count += 1
        if unsafe link.pointee.rank == Self.waitingRank { countWaiting += 1 }
        unsafe previous = link
        unsafe next = link.pointee.next
      }
      guard unsafe previous == last, unsafe countWaiting == self.countWaiting(),
        let inTree = unsafe Self.check(root, under: nil, previous: &previousInTree)
      else { return nil }
      return inTree + countWaiting == count ? count : nil
    }

    private func countWaiting() -> Int? {
      var count = 0
      var newer: Link?
      var next = unsafe waiting
      while let link = unsafe next {
        guard unsafe link.pointee.rank == Self.waitingRank, unsafe link.pointee.left == newer else { return nil }
        count += 1
        unsafe newer = link
        unsafe next = link.pointee.right
      }
      return count
    }

    /// Before the call `previous` is the last node before the subtree in order, and afterwards the last one in it.
    private static func check(_ link: Link?, under parent: Link?, previous: inout Link?) -> Int? {
      guard let link = unsafe link else { return 0 }
      guard unsafe link.pointee.parent == parent,
        let left = unsafe check(link.pointee.left, under: link, previous: &previous),
        unsafe previousInTree(of: link) == previous
      else { return nil }
      unsafe previous = link
      guard let right = unsafe check(link.pointee.right, under: link, previous: &previous) else { return nil }
      let rank = unsafe link.pointee.rank
      let differences = unsafe (rank - Self.rank(link.pointee.left), rank - Self.rank(link.pointee.right))
      guard (1...2).contains(differences.0), (1...2).contains(differences.1) else { return nil }
      let isLeaf = unsafe link.pointee.left == nil && link.pointee.right == nil
      return isLeaf && rank != 0 ? nil : left + 1 + right
    }

    private static func previousInTree(of link: Link) -> Link? {
      var previous = unsafe link.pointee.previous
      while let candidate = unsafe previous, unsafe candidate.pointee.rank == waitingRank {
        unsafe previous = candidate.pointee.previous
      }
      return unsafe previous
    }
  }

  extension RawEventQueue {
    /// True if both trees are valid, have the same number of events, and have them in order.
    func checkInvariants() -> Bool {
      guard unsafe byTime.checkInvariants() == count, unsafe byPIDTime.checkInvariants() == count else { return false }
      var link = unsafe byTime.first
      while let current = unsafe link, let next = unsafe current.pointee.next {
        let later = unsafe Node(byTime: next)
        guard
          unsafe Node(byTime: current).precedes(timeNS: later.pointee.time, sequence: later.pointee.sequence)
        else { return false }
        unsafe link = next
      }
      unsafe link = byPIDTime.first
      while let current = unsafe link, let next = unsafe current.pointee.next {
        let later = unsafe Node(byPIDTime: next)
        guard
          unsafe Node(byPIDTime: current).precedes(
            pid: later.pointee.pid, timeNS: later.pointee.time, sequence: later.pointee.sequence)
        else { return false }
        unsafe link = next
      }
      return true
    }
  }

  extension EventPipeline {
    /// For the simulator, which is another module.
    package func checkInvariants() -> Bool { rawEvents.checkInvariants() }
  }
#endif
