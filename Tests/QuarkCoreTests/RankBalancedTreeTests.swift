import CQuark
import Testing

@testable import QuarkCore

@Suite struct RankBalancedTreeTests {
  /// Nodes with keys, in a tree and in a sorted array.
  @safe struct Forest: ~Copyable {
    let links: UnsafeMutablePointer<raw_event_links>
    var tree = unsafe RankBalancedTree()
    /// Indexes of `links` in the tree's order.
    var model: [Int] = []

    init(capacity: Int) { unsafe links = .allocate(capacity: capacity) }
    deinit { unsafe links.deallocate() }

    mutating func insert(_ index: Int, at position: Int) {
      unsafe tree.insert(links + index, after: position == 0 ? nil : links + model[position - 1])
      model.insert(index, at: position)
    }

    mutating func remove(at position: Int) { unsafe tree.remove(links + model.remove(at: position)) }

    /// True if order, links and ranks are right.
    func isSound() -> Bool {
      guard unsafe tree.checkInvariants() == model.count else { return false }
      var next = unsafe tree.first
      for index in model {
        guard unsafe next == links + index else { return false }
        unsafe next = next!.pointee.next
      }
      return unsafe next == nil && tree.last == model.last.map { unsafe links + $0 }
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func agreesWithASortedArray(seed: UInt64) {
    var random = SplitMix64(seed)
    var forest = Forest(capacity: 400)
    var unused = Array(0..<400)
    for _ in 0..<4000 {
      let isGrowing = !unused.isEmpty && (forest.model.isEmpty || random.below(100) < 40 + Int(seed))
      if isGrowing {
        forest.insert(unused.removeLast(), at: random.below(forest.model.count + 1))
      } else {
        let position = random.below(forest.model.count)
        unused.append(forest.model[position])
        forest.remove(at: position)
      }
      if random.below(8) == 0 { unsafe forest.tree.index() }
      let isSound = forest.isSound()
      #expect(isSound)
      if !isSound { return }
    }
  }

  /// Nodes enter at the end and leave at the front, like events: the height stays logarithmic in the current number.
  @Test func staysLowAsAQueue() {
    var forest = Forest(capacity: 1000)
    for index in 0..<1000 { forest.insert(index, at: index) }
    for _ in 0..<5000 {
      let index = forest.model[0]
      forest.remove(at: 0)
      forest.insert(index, at: 999)
      if index % 7 == 0 { unsafe forest.tree.index() }
    }
    unsafe forest.tree.index()
    let isSound = forest.isSound()
    #expect(isSound)
    let height = unsafe forest.tree.height
    #expect(height <= 20, "2 log2 1000")
  }
}

extension RankBalancedTree {
  var height: Int { unsafe Self.height(root) }

  private static func height(_ link: Link?) -> Int {
    guard let link = unsafe link else { return 0 }
    return unsafe 1 + max(height(link.pointee.left), height(link.pointee.right))
  }
}

/// Repeatable random numbers (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
