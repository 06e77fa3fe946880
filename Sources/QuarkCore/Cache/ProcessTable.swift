internal import CQuark

/// Processes by pid, in ascending order. Pids of Linux are below 4,194,304 (PID_MAX_LIMIT, include/linux/threads.h).
/// The table has 16,384 pages of 256 pids; only pages in use are allocated. It owns the memory of the entries, but not
/// their strings. Each entry is followed by its `ProcessIdentity`.
@safe @usableFromInline struct ProcessTable: ~Copyable {
  typealias Entry = UnsafeMutablePointer<quark_process>

  private(set) var count = 0
  private let pages: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<quark_process>?>?>
  private let pageCounts: UnsafeMutablePointer<UInt16>
  private var freePages: UnsafeMutableRawPointer?
  private var freeEntries: UnsafeMutableRawPointer?
  private var slabs: UnsafeMutableRawPointer?
  private var slabUsed = 0
  /// The number of entries in the newest slab.
  private var slabCapacity = 0
  /// Bytes of all slabs.
  private var reserved = 0
  private let memory: SlabMemory

  /// All pids are below this.
  static var pidLimit: UInt32 { 4 << 20 }
  private static var pageSize: Int { 256 }
  private static var pageCount: Int { Int(pidLimit) / pageSize }
  private static var smallSlab: Int { 256 << 10 }
  /// A slab begins with the address of the next one.
  private static var slabHead: Int { 16 }

  init(memory: SlabMemory = SlabMemory()) {
    self.memory = memory
    unsafe pages = .allocate(capacity: Self.pageCount)
    unsafe pages.initialize(repeating: nil, count: Self.pageCount)
    unsafe pageCounts = .allocate(capacity: Self.pageCount)
    unsafe pageCounts.initialize(repeating: 0, count: Self.pageCount)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    for index in 0..<Self.pageCount { unsafe pages[index]?.deallocate() }
    unsafe pages.deallocate()
    unsafe pageCounts.deallocate()
    unsafe Self.freeChain(freePages)
    unsafe Self.freeChain(slabs)
  }

  @inline(__always)
  subscript(pid: UInt32) -> UnsafeMutablePointer<quark_process>? {
    guard pid < Self.pidLimit, let page = unsafe pages[Int(pid >> 8)] else { return nil }
    return unsafe page[Int(pid & 255)]
  }

  /// The entry of the smallest pid that is not below `pid`.
  func first(notBelow pid: UInt32) -> UnsafeMutablePointer<quark_process>? {
    guard pid < Self.pidLimit else { return nil }
    var slot = Int(pid & 255)
    for index in Int(pid >> 8)..<Self.pageCount {
      if let page = unsafe pages[index] {
        while slot < Self.pageSize {
          if let entry = unsafe page[slot] { return unsafe entry }
          slot += 1
        }
      }
      slot = 0
    }
    return nil
  }

  /// Makes an empty entry for a pid that has none.
  mutating func add(pid: UInt32) -> UnsafeMutablePointer<quark_process> {
    precondition(pid < Self.pidLimit)
    let index = Int(pid >> 8)
    let page = unsafe pages[index] ?? addPage(index)
    let entry = unsafe makeEntry(pid: pid)
    unsafe page[Int(pid & 255)] = entry
    unsafe pageCounts[index] &+= 1
    count &+= 1
    return unsafe entry
  }

  /// Makes an empty entry that a look-up by pid does not find.
  @inline(__always)
  mutating func makeEntry(pid: UInt32) -> UnsafeMutablePointer<quark_process> {
    let entry = unsafe takeEntry()
    unsafe entry.initialize(to: quark_process())
    unsafe entry.pointee.pid = pid
    unsafe entry.identity.initialize(to: ProcessIdentity())
    return unsafe entry
  }

  mutating func remove(_ entry: UnsafeMutablePointer<quark_process>) {
    let pid = unsafe entry.pointee.pid
    let index = Int(pid >> 8)
    unsafe pages[index]![Int(pid & 255)] = nil
    unsafe pageCounts[index] -= 1
    count -= 1
    if unsafe pageCounts[index] == 0 { removePage(index) }
    unsafe Self.push(UnsafeMutableRawPointer(entry), on: &freeEntries)
  }

  // MARK: - Memory

  private mutating func addPage(_ index: Int) -> UnsafeMutablePointer<UnsafeMutablePointer<quark_process>?> {
    let size = unsafe Self.pageSize * MemoryLayout<UnsafeMutablePointer<quark_process>?>.stride
    let memory = unsafe Self.pop(&freePages) ?? .allocate(byteCount: size, alignment: 64)
    let page = unsafe memory.bindMemory(to: UnsafeMutablePointer<quark_process>?.self, capacity: Self.pageSize)
    unsafe page.initialize(repeating: nil, count: Self.pageSize)
    unsafe pages[index] = page
    return unsafe page
  }

  private mutating func removePage(_ index: Int) {
    unsafe Self.push(UnsafeMutableRawPointer(pages[index]!), on: &freePages)
    unsafe pages[index] = nil
  }

  @inline(__always)
  private mutating func takeEntry() -> UnsafeMutablePointer<quark_process> {
    let size = unsafe MemoryLayout<quark_process>.stride + MemoryLayout<ProcessIdentity>.stride
    if let free = unsafe Self.pop(&freeEntries) {
      return unsafe free.bindMemory(to: quark_process.self, capacity: 1)
    }
    if slabUsed == slabCapacity {
      let bytes = memory.nextSize(reserved: reserved, size: Self.smallSlab)
      unsafe Self.push(memory.allocate(bytes, alignment: 16), on: &slabs)
      reserved += bytes
      (slabUsed, slabCapacity) = (0, (bytes - Self.slabHead) / size)
    }
    defer { slabUsed &+= 1 }
    return unsafe (slabs! + Self.slabHead + slabUsed &* size).bindMemory(to: quark_process.self, capacity: 1)
  }

  /// Adds free memory to a chain: the first word of each piece is the address of the next.
  private static func push(_ memory: UnsafeMutableRawPointer, on chain: inout UnsafeMutableRawPointer?) {
    unsafe memory.storeBytes(of: chain, as: UnsafeMutableRawPointer?.self)
    unsafe chain = memory
  }

  private static func pop(_ chain: inout UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let memory = unsafe chain else { return nil }
    unsafe chain = memory.load(as: UnsafeMutableRawPointer?.self)
    return unsafe memory
  }

  private static func freeChain(_ chain: UnsafeMutableRawPointer?) {
    var next = unsafe chain
    while let memory = unsafe next {
      unsafe next = memory.load(as: UnsafeMutableRawPointer?.self)
      unsafe memory.deallocate()
    }
  }
}
