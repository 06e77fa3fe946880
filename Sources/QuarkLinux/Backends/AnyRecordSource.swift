public import QuarkCore

/// A type-erased source. Its type is erased once, when it is opened; from then on each call goes through one pointer.
/// The source is in separate memory, so that its end is one call.
@safe public struct AnyRecordSource: ~Copyable {
  public let traits: SourceTraits
  /// Why another allowed source is not in use; empty if the first one is in use.
  public let fallbackReason: String
  private let source: UnsafeMutableRawPointer
  private let methods: Methods

  @safe private struct Methods {
    let description: (UnsafeMutableRawPointer) -> String
    let means: (UnsafeMutableRawPointer) -> SourceMeans
    let malformed: (UnsafeMutableRawPointer) -> UInt64
    let stalls: (UnsafeMutableRawPointer) -> UInt64
    let isOver: (UnsafeMutableRawPointer) -> Bool
    let wallOffsetNS: (UnsafeMutableRawPointer) throws(Errno) -> UInt64
    let bootSalt: (UnsafeMutableRawPointer) throws(QuarkError) -> UInt64
    let nowNS: (UnsafeMutableRawPointer) throws(Errno) -> UInt64
    let readNS: (UnsafeMutableRawPointer, UInt64) -> UInt64
    let watch: (UnsafeMutableRawPointer, borrowing Epoll) throws(Errno) -> Void
    let consume: (UnsafeMutableRawPointer, Int, (RawSpan) -> Void) -> Int
    let lost: (UnsafeMutableRawPointer) -> LossCounts
    let destroy: (UnsafeMutableRawPointer) -> Void
  }

  public init<Source: RecordSource & ~Copyable>(_ source: consuming Source, fallbackReason: String = "") {
    traits = source.traits
    self.fallbackReason = fallbackReason
    let memory = UnsafeMutablePointer<Source>.allocate(capacity: 1)
    unsafe memory.initialize(to: source)
    unsafe self.source = UnsafeMutableRawPointer(memory)
    methods = Self.methods(of: Source.self)
  }

  /// Safe: each method is called with memory that has a source of this type, and not after the last one.
  private static func methods<Source: RecordSource & ~Copyable>(of type: Source.Type) -> Methods {
    unsafe Methods(
      description: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.description },
      means: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.means },
      malformed: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.malformed },
      stalls: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.stalls },
      isOver: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.isOver },
      wallOffsetNS: { source throws(Errno) in
        unsafe try source.assumingMemoryBound(to: Source.self).pointee.wallOffsetNS()
      },
      bootSalt: { source throws(QuarkError) in
        unsafe try source.assumingMemoryBound(to: Source.self).pointee.bootSalt()
      },
      nowNS: { source throws(Errno) in unsafe try source.assumingMemoryBound(to: Source.self).pointee.nowNS() },
      readNS: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.readNS(nowNS: $1) },
      watch: { (source: UnsafeMutableRawPointer, epoll: borrowing Epoll) throws(Errno) in
        unsafe try source.assumingMemoryBound(to: Source.self).pointee.watch(epoll)
      },
      consume: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.consume(limit: $1, $2) },
      lost: { unsafe $0.assumingMemoryBound(to: Source.self).pointee.lost() },
      destroy: { source in
        let memory = unsafe source.assumingMemoryBound(to: Source.self)
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
      })
  }

  @inlinable deinit { destroy() }

  @usableFromInline @inline(never) func destroy() { unsafe methods.destroy(source) }

  public var description: String { unsafe methods.description(source) }
  public var means: SourceMeans { unsafe methods.means(source) }
  public var malformed: UInt64 { unsafe methods.malformed(source) }
  public var stalls: UInt64 { unsafe methods.stalls(source) }
  public var isOver: Bool { unsafe methods.isOver(source) }
  public func wallOffsetNS() throws(Errno) -> UInt64 { unsafe try methods.wallOffsetNS(source) }
  public func bootSalt() throws(QuarkError) -> UInt64 { unsafe try methods.bootSalt(source) }
  public func nowNS() throws(Errno) -> UInt64 { unsafe try methods.nowNS(source) }
  public func readNS(nowNS: UInt64) -> UInt64 { unsafe methods.readNS(source, nowNS) }
  public mutating func watch(_ epoll: borrowing Epoll) throws(Errno) { unsafe try methods.watch(source, epoll) }

  public mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    unsafe methods.consume(source, limit, body)
  }

  public mutating func lost() -> LossCounts { unsafe methods.lost(source) }
}
