internal import CWire

/// A path that is put together from its end, from the names of directories that the kernel gave.
@safe @usableFromInline struct DirectoryNames: ~Copyable {
  private let bytes: UnsafeMutableRawPointer
  /// Where the path begins; it ends where the memory does.
  private var start: Int
  /// Whether it begins at the root.
  private(set) var isComplete = false

  private static var capacity: Int { 1024 }

  init() {
    unsafe bytes = .allocate(byteCount: Self.capacity, alignment: 1)
    start = Self.capacity
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe bytes.deallocate() }

  mutating func begin() {
    start = Self.capacity
    isComplete = false
  }

  /// Puts a directory before the others. False: `name` has no NUL, and so not all of the name.
  @unsafe mutating func prepend(_ name: UnsafeRawPointer, limit: Int) -> Bool {
    var length = 0
    while length < limit, unsafe name.load(fromByteOffset: length, as: UInt8.self) != 0 { length += 1 }
    guard length < limit, start > length else { return false }
    start -= length
    // Safe: there is room before `start`, as was just seen.
    unsafe (bytes + start).copyMemory(from: name, byteCount: length)
    start -= 1
    unsafe bytes.storeBytes(of: UInt8(ascii: "/"), toByteOffset: start, as: UInt8.self)
    return true
  }

  /// Nothing is above the first name.
  mutating func complete() {
    isComplete = true
    if start == Self.capacity {
      start -= 1
      unsafe bytes.storeBytes(of: UInt8(ascii: "/"), toByteOffset: start, as: UInt8.self)
    }
  }

  /// Says that the head is missing: `./d/e`, or `./` if nothing is known.
  mutating func markAsCut() {
    if start == Self.capacity { complete() }
    isComplete = false
    guard start > 0 else { return }
    start -= 1
    unsafe bytes.storeBytes(of: UInt8(ascii: "."), toByteOffset: start, as: UInt8.self)
  }

  /// Does `path` end with what is known?
  func isEnd(of path: Span<UInt8>) -> Bool {
    let known = Self.capacity - start
    guard path.count >= known else { return false }
    for index in 0..<known
    where unsafe path[path.count - known + index] != bytes.load(fromByteOffset: start + index, as: UInt8.self) {
      return false
    }
    return true
  }

  /// Adds the path to a record.
  func add(to writer: inout WireWriter, flags: UInt32) {
    // Safe: these bytes are filled.
    let path = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(bytes + start), byteCount: Self.capacity - start)
    writer.add(WIRE_FIELD_CWD, path, flags: WIRE_FIELD_PATH.rawValue | flags)
  }
}
