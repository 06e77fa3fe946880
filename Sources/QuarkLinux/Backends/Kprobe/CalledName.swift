/// The name that was passed to execve(2).
struct CalledName: ~Escapable {
  /// The bytes without a NUL.
  let bytes: RawSpan
  /// True if it may be longer, and these are only its first bytes.
  let isCut: Bool

  /// The interpreter of a script may be a script, and so on, each with an argument: BINPRM_MAX_RECURSION and more.
  private static var mostArguments: Int { 12 }
  private static var mostBytes: Int { 8192 }

  /// Reads the name at the beginning of memory; it ends with a NUL if it is complete.
  @_lifetime(copy memory)
  init(_ memory: RawSpan) {
    var count = 0
    while count < memory.byteCount, unsafe memory.unsafeLoad(fromByteOffset: count, as: UInt8.self) != 0 { count += 1 }
    isCut = count > 0 && count == memory.byteCount
    bytes = memory.extracting(first: count)
  }

  /// The range of a script's name in the arguments, if a script was executed. The kernel puts the interpreter, as the
  /// script names it, before the name with which the script was called, with an argument in between: binfmt_script(). A
  /// program that is called by another path than its name, with this path among its first arguments, would look the
  /// same.
  func script(in arguments: RawSpan) -> Range<Int>? {
    guard bytes.byteCount > 0 else { return nil }
    var (start, index, hasSlash) = (0, 0, false)
    for end in 0..<min(arguments.byteCount, Self.mostBytes) {
      let byte = unsafe arguments.unsafeLoad(fromByteOffset: end, as: UInt8.self)
      if byte == UInt8(ascii: "/"), index == 0 { hasSlash = true }
      guard byte == 0 else { continue }
      let isName = isIn(arguments.extracting(start..<end))
      if index == 0, isName || !hasSlash { return nil }
      if isName { return start..<end }
      (start, index) = (end + 1, index + 1)
      if index > Self.mostArguments { return nil }
    }
    return nil
  }

  private func isIn(_ argument: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard isCut ? argument.byteCount >= count : argument.byteCount == count else { return false }
    for index in 0..<count where unsafe byte(index) != argument.unsafeLoad(fromByteOffset: index, as: UInt8.self) {
      return false
    }
    return true
  }

  @unsafe private func byte(_ index: Int) -> UInt8 { unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) }

  /// True if it is a complete path from the root, without `.`, `..` and empty names.
  var isPlainPath: Bool {
    guard !isCut, bytes.byteCount > 1, unsafe byte(0) == UInt8(ascii: "/"),
      unsafe byte(bytes.byteCount - 1) != UInt8(ascii: "/")
    else { return false }
    var isBegin = false
    for index in 0..<bytes.byteCount {
      let byte = unsafe byte(index)
      if isBegin, byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return false }
      isBegin = byte == UInt8(ascii: "/")
    }
    return true
  }
}
