internal import CWire

/// A path that is put together from its end, from the names of directories that the kernel gave.
@safe @usableFromInline struct DirectoryNames: ~Copyable {
  private let bytes: UnsafeMutableRawPointer
  /// Where the path begins; it ends where the memory does.
  private var start: Int
  /// Whether it begins at the root.
  private(set) var isComplete = false

  private static var capacity: Int { Int(WIRE_PATH_MAX.rawValue) }

  init() {
    unsafe bytes = .allocate(byteCount: Self.capacity, alignment: 1)
    start = Self.capacity
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe bytes.deallocate() }

  /// Is there no name yet?
  var isEmpty: Bool { start == Self.capacity }

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

  /// The first name is below that path.
  mutating func complete(below path: Span<UInt8>) {
    // A path ends with a slash if it has no name.
    let count = path.count == 1 ? 0 : path.count
    guard start >= count else { return }
    start -= count
    // Safe: there is room, as was just seen.
    for index in 0..<count { unsafe bytes.storeBytes(of: path[index], toByteOffset: start + index, as: UInt8.self) }
    complete()
  }

  /// Takes the one name back if it is that of the top of a file system, and says so.
  mutating func dropTop() -> Bool {
    let isTop = Self.capacity - start == 2
      && (unsafe bytes.load(fromByteOffset: start + 1, as: UInt8.self)) == UInt8(ascii: "/")
    if isTop { begin() }
    return isTop
  }

  /// The one name is not a path's.
  mutating func dropSlash() { start += 1 }

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
  func add(_ kind: wire_field_kind, to writer: inout WireWriter, flags: UInt32) {
    // Safe: these bytes are filled.
    let path = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(bytes + start), byteCount: Self.capacity - start)
    writer.add(kind, path, flags: WIRE_FIELD_PATH.rawValue | flags)
  }
}
