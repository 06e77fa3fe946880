/// Where a BTF is read from.
package protocol BTFSource: ~Copyable {
  /// The bytes from `offset` on, `count` at least; fewer at the end. They stay where they are until the next call.
  @unsafe mutating func peek(_ count: Int, at offset: Int) throws(BTFError) -> UnsafeRawBufferPointer

  /// Fills `target` from `offset` on. False if there are not enough bytes.
  @unsafe func fill(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws(BTFError) -> Bool
}

extension BTFSource where Self: ~Copyable {
  /// Integers in the machine's byte order; nil if there are not enough bytes.
  func words(_ count: Int, at offset: Int) throws(BTFError) -> [UInt32]? {
    var words = [UInt32](repeating: 0, count: count)
    var result: Result<Bool, BTFError> = .success(false)
    unsafe words.withUnsafeMutableBytes { bytes in
      do throws(BTFError) { result = .success(unsafe try fill(bytes, at: offset)) } catch { result = .failure(error) }
    }
    return try result.get() ? words : nil
  }
}
