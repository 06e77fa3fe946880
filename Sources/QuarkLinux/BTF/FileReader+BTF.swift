internal import QuarkBTF

extension FileReader: BTFSource {
  @unsafe mutating func peek(_ count: Int, at offset: Int) throws(BTFError) -> UnsafeRawBufferPointer {
    seek(to: offset)
    do throws(Errno) { return unsafe try peek(count) } catch { throw .unreadable(error.rawValue) }
  }

  @unsafe func fill(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws(BTFError) -> Bool {
    do throws(Errno) { return unsafe try read(target, at: offset) } catch {
      throw .unreadable(error.rawValue)
    }
  }
}
