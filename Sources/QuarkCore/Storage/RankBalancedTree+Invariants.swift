#if DEBUG || CHECK_INVARIANTS
  internal import CQuark

  extension RankBalancedTree {
    /// The number of nodes, or nil if a rank, a link or the list's order is not as it must be.
    func checkInvariants() -> Int? {
      var previous: Link?
      guard let count = unsafe Self.check(root, under: nil, previous: &previous) else { return nil }
      guard unsafe previous == last, unsafe last?.pointee.next == nil, unsafe first?.pointee.previous == nil else {
        return nil
      }
      return count
    }

    /// `previous` is the last node before the subtree in order, and afterwards the last one in it.
    private static func check(_ link: Link?, under parent: Link?, previous: inout Link?) -> Int? {
      guard let link = unsafe link else { return 0 }
      guard unsafe link.pointee.parent == parent,
        let left = unsafe check(link.pointee.left, under: link, previous: &previous),
        unsafe link.pointee.previous == previous, unsafe previous == nil || previous!.pointee.next == link
      else { return nil }
      unsafe previous = link
      guard let right = unsafe check(link.pointee.right, under: link, previous: &previous) else { return nil }
      let rank = unsafe link.pointee.rank
      let differences = unsafe (rank - Self.rank(link.pointee.left), rank - Self.rank(link.pointee.right))
      guard (1...2).contains(differences.0), (1...2).contains(differences.1) else { return nil }
      let isLeaf = unsafe link.pointee.left == nil && link.pointee.right == nil
      return isLeaf && rank != 0 ? nil : left + 1 + right
    }
  }

  extension RawEventQueue {
    /// Both trees are sound, hold the same number of events, and have them in their orders.
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
#endif
