internal import CQuark

/// What is written to terminals. Nothing tells of it yet, but clients may join what they make themselves.
enum TTYFamily {
  /// Bytes of one terminal's output that are joined at most.
  private static var joinedBytes: Int { 4096 }

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {
    if !isMinimal { matrix.set(RAW_TTY, RAW_TTY, .tty) }
  }

  /// Whole writes to the same terminal, while they are short together. Adds the child's length to the parent's total.
  @unsafe static func join(_ parent: UnsafeMutablePointer<quark_tty>?, _ child: UnsafePointer<quark_tty>?) -> Bool {
    guard let parent = unsafe parent, let child = unsafe child else { return false }
    guard unsafe parent.pointee.major == child.pointee.major, unsafe parent.pointee.minor == child.pointee.minor,
      unsafe parent.pointee.truncated == 0, unsafe child.pointee.truncated == 0
    else { return false }
    // A client may have made either.
    let (sum, length) = unsafe (parent.pointee.total_len, child.pointee.data_len)
    let lengths = 0..<joinedBytes
    guard lengths.contains(sum), lengths.contains(length), sum + length < joinedBytes else { return false }
    unsafe parent.pointee.total_len = sum + length
    return true
  }
}
