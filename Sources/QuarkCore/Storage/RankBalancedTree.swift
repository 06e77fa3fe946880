internal import CQuark

/// A sorted list of links that are inside the nodes, and a weak AVL tree of them (Haeupler, Sen and Tarjan,
/// "Rank-Balanced Trees", 2015). It has no keys: its user says after which link a new one belongs. For nearly sorted
/// input the user knows this without a search.
///
/// Therefore the tree is lazy. A new link enters the list and waits. Only a search from the root puts the waiting links
/// into the tree, and a link that leaves before that costs only a few stores. Each link enters the tree at most once,
/// in amortised constant time because its neighbours are known; a search is logarithmic.
///
/// The rank of a node is higher than that of each child by 1 or 2. A missing child counts as rank -1, and a leaf has
/// rank 0. Therefore the height of a tree of n nodes is at most 2 log2 n.
@unsafe struct RankBalancedTree {
  typealias Link = UnsafeMutablePointer<raw_event_links>

  private(set) var root: Link?
  private(set) var first: Link?
  private(set) var last: Link?
  /// Links that are not in the tree yet, newest first: a list through their `left` and `right`.
  private(set) var waiting: Link?

  /// The rank of a waiting link.
  static var waitingRank: Int { -1 }

  init() {}

  /// Inserts `link` directly after `previous`; nil means before all others.
  @inline(__always)
  mutating func insert(_ link: Link, after previous: Link?) {
    let next: Link?
    if let previous = unsafe previous {
      unsafe next = previous.pointee.next
      unsafe previous.pointee.next = link
    } else {
      unsafe next = first
      unsafe first = link
    }
    if let next = unsafe next { unsafe next.pointee.previous = link } else { unsafe last = link }
    if let newest = unsafe waiting { unsafe newest.pointee.left = link }
    unsafe link.initialize(
      to: raw_event_links(
        left: nil, right: waiting, parent: nil, previous: previous, next: next, rank: Self.waitingRank))
    unsafe waiting = link
  }

  @inline(__always)
  mutating func remove(_ link: Link) {
    let (previous, next) = unsafe (link.pointee.previous, link.pointee.next)
    if let previous = unsafe previous { unsafe previous.pointee.next = next } else { unsafe first = next }
    if let next = unsafe next { unsafe next.pointee.previous = previous } else { unsafe last = previous }
    if unsafe link.pointee.rank == Self.waitingRank { unsafe stopWaiting(link) } else { unsafe removeFromTree(link) }
  }

  @inline(__always)
  private mutating func stopWaiting(_ link: Link) {
    let (newer, older) = unsafe (link.pointee.left, link.pointee.right)
    if let newer = unsafe newer { unsafe newer.pointee.right = older } else { unsafe waiting = older }
    if let older = unsafe older { unsafe older.pointee.left = newer }
  }

  // MARK: - Tree

  /// Puts all waiting links into the tree; call it before a search from the root.
  @inline(never)
  mutating func index() {
    while let link = unsafe waiting {
      // Insert the whole run of waiting links around this one, from its beginning: then their neighbours are known.
      var start = unsafe link
      while let previous = unsafe start.pointee.previous, unsafe previous.pointee.rank == Self.waitingRank {
        unsafe start = previous
      }
      var end = unsafe link.pointee.next
      while let next = unsafe end, unsafe next.pointee.rank == Self.waitingRank { unsafe end = next.pointee.next }
      var current = unsafe start
      while true {
        unsafe stopWaiting(current)
        unsafe insertInTree(current, between: current.pointee.previous, and: end)
        guard let next = unsafe current.pointee.next, unsafe next != end else { break }
        unsafe current = next
      }
    }
  }

  /// The neighbours must be in the tree. One of them has no child on this side, because they are neighbours.
  private mutating func insertInTree(_ link: Link, between previous: Link?, and next: Link?) {
    unsafe link.pointee.left = nil
    unsafe link.pointee.right = nil
    unsafe link.pointee.rank = 0
    let parent: Link
    if let previous = unsafe previous, unsafe previous.pointee.right == nil {
      unsafe previous.pointee.right = link
      unsafe parent = previous
    } else if let next = unsafe next {
      unsafe next.pointee.left = link
      unsafe parent = next
    } else {
      unsafe link.pointee.parent = nil
      unsafe root = link
      return
    }
    unsafe link.pointee.parent = parent
    if unsafe parent.pointee.rank == 0 { unsafe rebalanceAfterInsertion(link, parent) }
  }

  private mutating func removeFromTree(_ link: Link) {
    let parent = unsafe link.pointee.parent
    guard let left = unsafe link.pointee.left else {
      let child = unsafe link.pointee.right
      unsafe replace(link, with: child, under: parent)
      if let parent = unsafe parent { unsafe rebalanceAfterRemoval(child, parent) }
      return
    }
    guard let right = unsafe link.pointee.right else {
      unsafe replace(link, with: left, under: parent)
      if let parent = unsafe parent { unsafe rebalanceAfterRemoval(left, parent) }
      return
    }
    // The successor in the tree, which has no left child, replaces the removed node.
    var heir = unsafe right
    while let lower = unsafe heir.pointee.left { unsafe heir = lower }
    let orphan = unsafe heir.pointee.right
    var hole = unsafe heir.pointee.parent!
    if unsafe hole == link {
      unsafe hole = heir
    } else {
      unsafe hole.pointee.left = orphan
      unsafe orphan?.pointee.parent = hole
      unsafe heir.pointee.right = right
      unsafe right.pointee.parent = heir
    }
    unsafe heir.pointee.left = left
    unsafe left.pointee.parent = heir
    unsafe heir.pointee.rank = link.pointee.rank
    unsafe replace(link, with: heir, under: parent)
    unsafe rebalanceAfterRemoval(orphan, hole)
  }

  // MARK: - Balance

  /// `link` has the same rank as its parent: promotes parents upwards until this is no longer so, or rotates.
  private mutating func rebalanceAfterInsertion(_ start: Link, _ startParent: Link) {
    var (link, parent) = unsafe (start, startParent)
    while true {
      let isLeft = unsafe parent.pointee.left == link
      let sibling = unsafe isLeft ? parent.pointee.right : parent.pointee.left
      guard unsafe parent.pointee.rank &- Self.rank(sibling) == 1 else { break }
      unsafe parent.pointee.rank &+= 1
      unsafe link = parent
      guard let above = unsafe parent.pointee.parent, unsafe above.pointee.rank == link.pointee.rank else { return }
      unsafe parent = above
    }
    if unsafe parent.pointee.left == link {
      let inner = unsafe link.pointee.right
      if let inner = unsafe inner, unsafe inner.pointee.rank == link.pointee.rank - 1 {
        unsafe rotateLeft(link, inner)
        unsafe rotateRight(parent, inner)
        unsafe inner.pointee.rank &+= 1
        unsafe link.pointee.rank &-= 1
      } else {
        unsafe rotateRight(parent, link)
      }
    } else {
      let inner = unsafe link.pointee.left
      if let inner = unsafe inner, unsafe inner.pointee.rank == link.pointee.rank - 1 {
        unsafe rotateRight(link, inner)
        unsafe rotateLeft(parent, inner)
        unsafe inner.pointee.rank &+= 1
        unsafe link.pointee.rank &-= 1
      } else {
        unsafe rotateLeft(parent, link)
      }
    }
    unsafe parent.pointee.rank &-= 1
  }

  /// `child`, which may be nil, replaced a removed node under `parent`: demotes upwards while it is 3 ranks below.
  private mutating func rebalanceAfterRemoval(_ startChild: Link?, _ startParent: Link) {
    var (child, parent) = unsafe (startChild, startParent)
    if unsafe child == nil, unsafe parent.pointee.left == nil, unsafe parent.pointee.right == nil {
      if unsafe parent.pointee.rank == 0 { return }
      unsafe parent.pointee.rank = 0
      unsafe child = parent
      guard let above = unsafe parent.pointee.parent else { return }
      unsafe parent = above
    }
    while unsafe parent.pointee.rank &- Self.rank(child) == 3 {
      // A node with a child 3 ranks below it has another child.
      let sibling = unsafe (parent.pointee.left == child ? parent.pointee.right : parent.pointee.left)!
      if unsafe parent.pointee.rank &- sibling.pointee.rank == 1 {
        let rank = unsafe sibling.pointee.rank
        guard unsafe rank &- Self.rank(sibling.pointee.left) == 2, unsafe rank &- Self.rank(sibling.pointee.right) == 2
        else {
          unsafe rotateAfterRemoval(parent, sibling)
          return
        }
        unsafe sibling.pointee.rank &-= 1
      }
      unsafe parent.pointee.rank &-= 1
      unsafe child = parent
      guard let above = unsafe parent.pointee.parent else { return }
      unsafe parent = above
    }
  }

  private mutating func rotateAfterRemoval(_ parent: Link, _ sibling: Link) {
    let isRight = unsafe parent.pointee.right == sibling
    let outer = unsafe isRight ? sibling.pointee.right : sibling.pointee.left
    if unsafe sibling.pointee.rank &- Self.rank(outer) == 1 {
      if isRight { unsafe rotateLeft(parent, sibling) } else { unsafe rotateRight(parent, sibling) }
      unsafe sibling.pointee.rank &+= 1
      unsafe parent.pointee.rank &-= 1
      if unsafe parent.pointee.left == nil, unsafe parent.pointee.right == nil { unsafe parent.pointee.rank = 0 }
      return
    }
    let inner = unsafe (isRight ? sibling.pointee.left : sibling.pointee.right)!
    if isRight {
      unsafe rotateRight(sibling, inner)
      unsafe rotateLeft(parent, inner)
    } else {
      unsafe rotateLeft(sibling, inner)
      unsafe rotateRight(parent, inner)
    }
    unsafe inner.pointee.rank &+= 2
    unsafe sibling.pointee.rank &-= 1
    unsafe parent.pointee.rank &-= 2
  }

  /// Makes `child`, the right child of `parent`, the parent of `parent`.
  private mutating func rotateLeft(_ parent: Link, _ child: Link) {
    let middle = unsafe child.pointee.left
    unsafe parent.pointee.right = middle
    unsafe middle?.pointee.parent = parent
    unsafe child.pointee.left = parent
    unsafe replace(parent, with: child, under: parent.pointee.parent)
    unsafe parent.pointee.parent = child
  }

  /// Makes `child`, the left child of `parent`, the parent of `parent`.
  private mutating func rotateRight(_ parent: Link, _ child: Link) {
    let middle = unsafe child.pointee.right
    unsafe parent.pointee.left = middle
    unsafe middle?.pointee.parent = parent
    unsafe child.pointee.right = parent
    unsafe replace(parent, with: child, under: parent.pointee.parent)
    unsafe parent.pointee.parent = child
  }

  private mutating func replace(_ old: Link, with new: Link?, under parent: Link?) {
    unsafe new?.pointee.parent = parent
    guard let parent = unsafe parent else {
      unsafe root = new
      return
    }
    if unsafe parent.pointee.left == old { unsafe parent.pointee.left = new } else { unsafe parent.pointee.right = new }
  }

  static func rank(_ link: Link?) -> Int { unsafe link == nil ? -1 : link!.pointee.rank }
}
