extension StaticString {
  /// The literal as a C string, which is always valid.
  @unsafe public var cString: UnsafePointer<CChar> {
    // Safe: a literal of more than one character ends with a NUL, and is never freed.
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
