extension OwnedBytes {
  /// A copy of `count` bytes.
  @unsafe public init(copying bytes: UnsafePointer<CChar>, count: Int) {
    unsafe self.init(capacity: count) { buffer in
      for index in buffer.indices { unsafe buffer[index] = bytes[index] }
      return buffer.count
    }
  }

  /// A copy of a NUL-terminated string.
  @unsafe public init(copying string: UnsafePointer<CChar>) {
    var count = 0
    while unsafe string[count] != 0 { count += 1 }
    unsafe self.init(copying: string, count: count)
  }
}
