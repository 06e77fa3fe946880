extension StaticString {
  /// A literal as C has strings. Valid for good.
  @unsafe public var cString: UnsafePointer<CChar> {
    // Safe: a literal of more than one character ends with a NUL, and stays.
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
