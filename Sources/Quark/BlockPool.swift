#if !hasFeature(Embedded)
  internal import Synchronization

  /// Blocks that copies have been in, for those that come: they cost no allocation, and are still in the processor's
  /// cache.
  final class BlockPool: Sendable {
    private let blocks = Mutex(BlockChain())
    private let limit: Int

    /// Bytes of a block. Few, for one event that is kept keeps all of its block, and of its batch.
    static var blockSize: Int { 4096 - 32 }

    /// - Parameter limit: Blocks that it holds at most, unless one chain has more.
    init(limit: Int) { self.limit = limit }

    func takeAll() -> BlockChain {
      blocks.withLock { blocks in
        var all = BlockChain()
        swap(&all, &blocks)
        return all
      }
    }

    /// Takes all blocks of a chain, or none: for want of room the longer one of two stays.
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
