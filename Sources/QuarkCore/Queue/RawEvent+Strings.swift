internal import CQuark

extension UnsafeMutablePointer<raw_event> {
  /// Copies bytes of a record into the raw event, which must not have this part yet. Zero bytes mean an empty path, but
  /// no arguments or no environment. Arguments and environment may have been cut from `originalCount` bytes. False if
  /// the pool is at its limit, or if there is more than a megabyte; then the raw event does not have this part.
  @inline(__always)
  func set(_ part: RawEventPart, _ bytes: RawSpan, originalCount: UInt32 = 0, strings: inout StringPool) -> Bool {
    guard bytes.byteCount <= 1 << 20 else { return false }
    return unsafe bytes.withUnsafeBytes { bytes in
      // Safe: if there are no bytes, nothing is read.
      let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(self)
      switch part {
      case .exe:
        unsafe pointee.exe = share(start, bytes.count, &strings)
        return unsafe pointee.exe != nil
      case .workingDirectory:
        unsafe pointee.cwd = share(start, bytes.count, &strings)
        return unsafe pointee.cwd != nil
      case .controlGroup:
        unsafe pointee.cgroup = share(start, bytes.count, &strings)
        return unsafe pointee.cgroup != nil
      case .script:
        unsafe pointee.script = share(start, bytes.count, &strings)
        return unsafe pointee.script != nil
      case .arguments: return unsafe bytes.count == 0 || setArguments(start, bytes.count, originalCount, &strings)
      case .environment: return unsafe bytes.count == 0 || setEnvironment(start, bytes.count, originalCount, &strings)
      }
    }
  }

  @inline(__always)
  private func share(
    _ start: UnsafeRawPointer, _ count: Int, _ strings: inout StringPool
  ) -> UnsafeMutablePointer<CChar>? {
    unsafe pointee.variable_bytes &+= UInt32(truncatingIfNeeded: count &+ 1)
    return unsafe strings.share(start, count: count)
  }

  @inline(__always)
  private func setArguments(
    _ start: UnsafeRawPointer, _ count: Int, _ originalCount: UInt32, _ strings: inout StringPool
  ) -> Bool {
    unsafe pointee.args = strings.copy(start, count: count - 1)
    unsafe pointee.variable_bytes &+= UInt32(truncatingIfNeeded: count)
    guard unsafe pointee.args != nil else { return false }
    unsafe pointee.args_len = UInt32(truncatingIfNeeded: count)
    unsafe pointee.args_orig_len = max(originalCount, pointee.args_len)
    return true
  }

  /// Most processes have the environment of their parent, and it is often the same in a whole session.
  private func setEnvironment(
    _ start: UnsafeRawPointer, _ count: Int, _ originalCount: UInt32, _ strings: inout StringPool
  ) -> Bool {
    unsafe pointee.env = strings.shareEnvironment(start, count: count - 1)
    unsafe pointee.variable_bytes &+= UInt32(truncatingIfNeeded: count)
    guard unsafe pointee.env != nil else { return false }
    unsafe pointee.env_len = UInt32(truncatingIfNeeded: count)
    unsafe pointee.env_orig_len = max(originalCount, pointee.env_len)
    return true
  }
}
