internal import CQuark
internal import CLinux

/// Copies of events and of their processes, with all that these point to, in memory of their own. Filled by one owner,
/// and then only read, by however many.
@safe @usableFromInline final class CopiedEvents: @unchecked Sendable {
  // Sendable: what fills it lets go of it before others see it, and from then on it is as a constant.
  private var blocks: [UnsafeMutableRawPointer] = unsafe []
  private var end: UnsafeMutableRawPointer?
  private var room = 0
  /// Bytes of the block that comes next: more each time, for a few events need little.
  private var nextBlock = 4096
  private(set) var events: [UnsafePointer<quark_event>] = unsafe []
  var count: Int { unsafe events.count }
  /// Bytes of memory that are taken.
  private(set) var byteCount = 0

  private static var largestBlock: Int { 64 << 10 }
  private static var alignment: Int { unsafe MemoryLayout<quark_event>.alignment }

  init() {}

  deinit {
    for unsafe block in unsafe blocks { unsafe block.deallocate() }
  }

  func append(_ event: UnsafePointer<quark_event>) {
    let copy = unsafe place(event)
    unsafe copy.pointee.process = event.pointee.process.map { unsafe UnsafePointer(place(copying: $0)) }
    unsafe events.append(UnsafePointer(copy))
  }

  func place(copying process: UnsafePointer<quark_process>) -> UnsafeMutablePointer<quark_process> {
    let copy = unsafe place(process)
    unsafe copy.pointee.gc_next = nil
    unsafe copy.pointee.gc_previous = nil
    unsafe copy.pointee.container = nil
    unsafe copy.pointee.exe = place(string: process.pointee.exe)
    unsafe copy.pointee.cwd = place(string: process.pointee.cwd)
    unsafe copy.pointee.cgroup = place(string: process.pointee.cgroup)
    unsafe copy.pointee.script = place(string: process.pointee.script)
    unsafe copy.pointee.cmdline = place(process.pointee.cmdline, process.pointee.cmdline_len)
    unsafe copy.pointee.env = place(process.pointee.env, process.pointee.env_len)
    return unsafe copy
  }

  private func place<Value>(_ value: UnsafePointer<Value>) -> UnsafeMutablePointer<Value> {
    let copy = unsafe take(MemoryLayout<Value>.stride).bindMemory(to: Value.self, capacity: 1)
    unsafe copy.initialize(to: value.pointee)
    return unsafe copy
  }

  private func place(string: UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>? {
    guard let string = unsafe string else { return nil }
    return unsafe place(string, strlen(string) + 1)
  }

  private func place(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> UnsafeMutablePointer<CChar>? {
    guard let bytes = unsafe bytes else { return nil }
    let copy = unsafe take(count).bindMemory(to: CChar.self, capacity: count)
    unsafe copy.initialize(from: bytes, count: count)
    return unsafe copy
  }

  /// So many bytes, aligned for everything there is in here.
  private func take(_ count: Int) -> UnsafeMutableRawPointer {
    let size = (count + Self.alignment - 1) & ~(Self.alignment - 1)
    if size > room { addBlock(of: size) }
    let start = unsafe end!
    unsafe end = start + size
    room -= size
    return unsafe start
  }

  private func addBlock(of size: Int) {
    let capacity = max(size, nextBlock)
    nextBlock = min(2 * nextBlock, Self.largestBlock)
    let block = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: Self.alignment)
    unsafe blocks.append(block)
    unsafe end = block
    room = capacity
    byteCount += capacity
  }
}
