internal import CWire

/// A path that is built from its end, from names of directories in a sample.
@safe @usableFromInline struct DirectoryNames: ~Copyable {
  private let bytes: UnsafeMutableRawPointer
  /// The offset of the path, which ends at the end of the memory.
  private var start: Int
  /// True if it begins at the root.
  private(set) var isComplete = false

  private static var capacity: Int { Int(WIRE_PATH_MAX.rawValue) }

  init() {
    unsafe bytes = .allocate(byteCount: Self.capacity, alignment: 1)
    start = Self.capacity
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe bytes.deallocate() }

  /// True if there is no name yet.
  var isEmpty: Bool { start == Self.capacity }

  mutating func begin() {
    start = Self.capacity
    isComplete = false
  }

  /// Puts a directory before the others. False if `name` has no NUL, because then the name is not complete.
  @unsafe mutating func prepend(_ name: UnsafeRawPointer, limit: Int) -> Bool {
    var length = 0
    while length < limit, unsafe name.load(fromByteOffset: length, as: UInt8.self) != 0 { length += 1 }
    guard length < limit, start > length else { return false }
    start -= length
    // Safe: it was just checked that there is room before `start`.
    unsafe (bytes + start).copyMemory(from: name, byteCount: length)
    start -= 1
    unsafe bytes.storeBytes(of: UInt8(ascii: "/"), toByteOffset: start, as: UInt8.self)
    return true
  }

  /// Call this if the first name is directly below the root.
  mutating func complete() {
    isComplete = true
    if start == Self.capacity {
      start -= 1
      unsafe bytes.storeBytes(of: UInt8(ascii: "/"), toByteOffset: start, as: UInt8.self)
    }
  }

  /// Call this if the first name is below the given path.
  mutating func complete(below path: Span<UInt8>) {
    // A path without a name is only a slash.
    let count = path.count == 1 ? 0 : path.count
    guard start >= count else { return }
    start -= count
    // Safe: it was just checked that there is room.
    for index in 0..<count { unsafe bytes.storeBytes(of: path[index], toByteOffset: start + index, as: UInt8.self) }
    complete()
  }

  /// Removes the only name if it is the top of a file system, and returns whether it did so.
  mutating func dropTop() -> Bool {
    let isTop = Self.capacity - start == 2
      && (unsafe bytes.load(fromByteOffset: start + 1, as: UInt8.self)) == UInt8(ascii: "/")
    if isTop { begin() }
    return isTop
  }

  /// Call this if the only name is not a path.
  mutating func dropSlash() { start += 1 }

  /// Marks that the head is missing: `./d/e`, or `./` if nothing is known.
  mutating func markAsCut() {
    if start == Self.capacity { complete() }
    isComplete = false
    guard start > 0 else { return }
    start -= 1
    unsafe bytes.storeBytes(of: UInt8(ascii: "."), toByteOffset: start, as: UInt8.self)
  }

  /// True if `path` ends with the known part.
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
    // Safe: these bytes have been filled.
    let path = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(bytes + start), byteCount: Self.capacity - start)
    writer.add(kind, path, flags: WIRE_FIELD_PATH.rawValue | flags)
  }
}
