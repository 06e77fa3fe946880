internal import CLinux
internal import CQuark

/// Copies events and their processes, with all that these point to, one behind the other into blocks of memory. Not a
/// class, for each access to a variable of one is watched; what it makes is one, which nobody changes.
@safe struct EventCopier: ~Copyable {
  private var blocks: [UnsafeMutableRawPointer] = unsafe []
  private var end: UnsafeMutableRawPointer
  private var room = 0
  /// Bytes of the block that comes next: more each time, for a few events need little.
  private var nextBlock = 4096
  private var events: [UnsafePointer<quark_event>] = unsafe []
  /// Bytes of memory that are taken.
  private(set) var byteCount = 0

  var count: Int { unsafe events.count }

  private static var largestBlock: Int { 64 << 10 }
  private static var alignment: Int { unsafe MemoryLayout<quark_event>.alignment }

  init() {
    // Safe: there is no room in it, so nothing is read or written there.
    unsafe end = UnsafeMutableRawPointer(bitPattern: Self.alignment)!
  }

  /// What was copied.
  consuming func finish() -> CopiedEvents { unsafe CopiedEvents(blocks, events, byteCount: byteCount) }

  mutating func append(_ event: UnsafePointer<quark_event>) {
    let size = unsafe MemoryLayout<quark_event>.stride
    guard let process = unsafe event.pointee.process else {
      unsafe add(take(size), copying: event)
      return
    }
    // All of an event is taken at once, and a structure is copied as bytes: member by member is five times as long.
    let lengths = unsafe Lengths(process)
    let start = unsafe take(size &+ lengths.total)
    unsafe Self.place(process, lengths, at: start + size)
    let copy = unsafe add(start, copying: event)
    unsafe copy.pointee.process = UnsafePointer((start + size).assumingMemoryBound(to: quark_process.self))
  }

  /// A process without an event.
  mutating func place(_ process: UnsafePointer<quark_process>) -> UnsafePointer<quark_process> {
    let lengths = unsafe Lengths(process)
    let start = unsafe take(lengths.total)
    unsafe Self.place(process, lengths, at: start)
    return unsafe UnsafePointer(start.assumingMemoryBound(to: quark_process.self))
  }

  @discardableResult @inline(__always)
  private mutating func add(
    _ start: UnsafeMutableRawPointer, copying event: UnsafePointer<quark_event>
  ) -> UnsafeMutablePointer<quark_event> {
    unsafe start.copyMemory(from: event, byteCount: MemoryLayout<quark_event>.stride)
    let copy = unsafe start.bindMemory(to: quark_event.self, capacity: 1)
    unsafe events.append(UnsafePointer(copy))
    return unsafe copy
  }

  /// Bytes of a process and of its texts, of which one string has a NUL.
  private struct Lengths {
    let exe: Int
    let cwd: Int
    let cgroup: Int
    let script: Int
    let total: Int

    @inline(__always)
    init(_ process: UnsafePointer<quark_process>) {
      exe = unsafe Self.length(process.pointee.exe)
      cwd = unsafe Self.length(process.pointee.cwd)
      cgroup = unsafe Self.length(process.pointee.cgroup)
      script = unsafe Self.length(process.pointee.script)
      total =
        unsafe MemoryLayout<quark_process>.stride &+ exe &+ cwd &+ cgroup &+ script &+ process.pointee.cmdline_len
        &+ process.pointee.env_len
    }

    @inline(__always)
    private static func length(_ string: UnsafeMutablePointer<CChar>?) -> Int {
      guard let string = unsafe string else { return 0 }
      return unsafe strlen(string) &+ 1
    }
  }

  @inline(__always)
  private static func place(
    _ process: UnsafePointer<quark_process>, _ lengths: Lengths, at start: UnsafeMutableRawPointer
  ) {
    unsafe start.copyMemory(from: process, byteCount: MemoryLayout<quark_process>.stride)
    let copy = unsafe start.bindMemory(to: quark_process.self, capacity: 1)
    unsafe copy.pointee.gc_next = nil
    unsafe copy.pointee.gc_previous = nil
    unsafe copy.pointee.container = nil
    var end = unsafe start + MemoryLayout<quark_process>.stride
    unsafe place(&copy.pointee.exe, lengths.exe, at: &end)
    unsafe place(&copy.pointee.cwd, lengths.cwd, at: &end)
    unsafe place(&copy.pointee.cgroup, lengths.cgroup, at: &end)
    unsafe place(&copy.pointee.script, lengths.script, at: &end)
    unsafe place(&copy.pointee.cmdline, process.pointee.cmdline_len, at: &end)
    unsafe place(&copy.pointee.env, process.pointee.env_len, at: &end)
  }

  /// Puts a text, if there is one, where the last one ended, and lets it be the copy's.
  @inline(__always)
  private static func place(
    _ text: inout UnsafeMutablePointer<CChar>?, _ count: Int, at end: inout UnsafeMutableRawPointer
  ) {
    guard let original = unsafe text else { return }
    unsafe end.copyMemory(from: original, byteCount: count)
    unsafe text = end.bindMemory(to: CChar.self, capacity: count)
    unsafe end += count
  }

  /// So many bytes, aligned for everything there is in here.
  @inline(__always)
  private mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
    let size = (count &+ Self.alignment &- 1) & ~(Self.alignment &- 1)
    if size > room { addBlock(of: size) }
    let start = unsafe end
    unsafe end = start + size
    room &-= size
    return unsafe start
  }

  @inline(never)
  private mutating func addBlock(of size: Int) {
    let capacity = max(size, nextBlock)
    nextBlock = min(2 * nextBlock, Self.largestBlock)
    unsafe end = .allocate(byteCount: capacity, alignment: Self.alignment)
    unsafe blocks.append(end)
    room = capacity
    byteCount += capacity
  }
}
