#if !hasFeature(Embedded)
  internal import Synchronization

  /// Blocks of old copies that are used again for new ones: this saves allocations, and the blocks are still in the
  /// processor's cache.
  final class BlockPool: Sendable {
    private let blocks = Mutex(BlockChain())
    private let limit: Int

    /// Bytes of a block. Blocks are small because one kept event keeps its whole batch.
    static var blockSize: Int { 4096 - 32 }

    /// - Parameter limit: The maximum number of blocks in the pool, unless one chain has more.
    init(limit: Int) { self.limit = limit }

    func takeAll() -> BlockChain {
      blocks.withLock { blocks in
        var all = BlockChain()
        swap(&all, &blocks)
        return all
      }
    }

    /// Takes all blocks of a chain, or none. If there is no room for both, the longer chain stays.
    func give(_ chain: inout BlockChain) {
      blocks.withLock { blocks in
        if blocks.count + chain.count <= limit {
          blocks.move(allOf: &chain)
        } else if blocks.count < chain.count {
          swap(&blocks, &chain)
        }
      }
    }
  }
#endif
