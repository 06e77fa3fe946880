internal import CQuark

/// The reasons why a pattern is not valid.
enum RulePatternFlaw {
  case empty, tooLong, severalStars

  /// A pattern has fewer bytes than this: PATH_MAX (include/uapi/linux/limits.h).
  static var limit: Int { 4096 }

  /// Nil if the pattern is valid.
  init?(of pattern: Span<UInt8>) {
    var stars = 0
    for index in pattern.indices where pattern[index] == UInt8(ascii: "*") { stars += 1 }
    if pattern.isEmpty {
      self = .empty
    } else if pattern.count >= Self.limit {
      self = .tooLong
    } else if stars > 1 {
      self = .severalStars
    } else {
      return nil
    }
  }
}

extension quark_wild {
  /// Splits a valid pattern without a NUL, in one piece of memory, which begins at `pre`. If a length includes the NUL,
  /// the NUL is compared, too, which anchors the string at its end.
  init(copying pattern: Span<UInt8>) {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: pattern.count + 1)
    var star = pattern.count
    for index in pattern.indices {
      if pattern[index] == UInt8(ascii: "*") { star = index }
      unsafe copy[index] = CChar(bitPattern: pattern[index])
    }
    unsafe copy[star] = 0
    unsafe copy[pattern.count] = 0
    let isExact = star == pattern.count
    let postCount = isExact ? 0 : pattern.count - star - 1
    unsafe self.init(
      pre: copy, pre_len: isExact ? star + 1 : star, post: copy + (isExact ? star : star + 1),
      post_len: postCount == 0 ? 0 : postCount + 1)
  }

  func free() { unsafe pre.deallocate() }

  /// No string is matched by none.
  func matches(_ string: UnsafePointer<CChar>?) -> Bool {
    guard let string = unsafe string else { return false }
    return unsafe matches(string, size: Self.size(of: string))
  }

  /// Of a string with its NUL, in bytes.
  static func size(of string: UnsafePointer<CChar>) -> Int {
    var size = 1
    while unsafe string[size &- 1] != 0 { size &+= 1 }
    return size
  }

  /// `size`: of the string with its NUL, which is compared as a byte like any other; below 0 nothing matches.
  @inline(__always)
  func matches(_ string: UnsafePointer<CChar>, size: Int) -> Bool {
    guard unsafe pre_len &+ post_len <= size else { return false }
    // Safe: a split pattern has both halves.
    let (pre, post) = unsafe (pre.unsafelyUnwrapped, post.unsafelyUnwrapped)
    return unsafe Self.areEqual(pre, string, pre_len) && Self.areEqual(post, string + (size &- post_len), post_len)
  }

  /// Compares eight bytes at a time, the last eight first, because paths more often have equal beginnings than equal
  /// ends.
  @inline(__always)
  private static func areEqual(_ one: UnsafePointer<CChar>, _ other: UnsafePointer<CChar>, _ count: Int) -> Bool {
    let (one, other) = unsafe (UnsafeRawPointer(one), UnsafeRawPointer(other))
    var left = count
    while left >= 8 {
      left &-= 8
      guard unsafe areEqual(one, other, left, as: UInt64.self) else { return false }
    }
    // If fewer than eight bytes are left, some that were compared already are compared again.
    if count >= 8 { return unsafe areEqual(one, other, 0, as: UInt64.self) }
    if count >= 4 {
      return unsafe areEqual(one, other, count &- 4, as: UInt32.self) && areEqual(one, other, 0, as: UInt32.self)
    }
    while left > 0 {
      left &-= 1
      guard unsafe areEqual(one, other, left, as: UInt8.self) else { return false }
    }
    return true
  }

  @inline(__always)
  private static func areEqual<Word: FixedWidthInteger & BitwiseCopyable>(
    _ one: UnsafeRawPointer, _ other: UnsafeRawPointer, _ offset: Int, as type: Word.Type
  ) -> Bool {
    unsafe one.loadUnaligned(fromByteOffset: offset, as: type) == other.loadUnaligned(fromByteOffset: offset, as: type)
  }
}
