internal import CQuark

extension UnsafeMutablePointer<raw_event> {
  /// Copies bytes of a record into the event, which must not have this part yet. No bytes are an empty path, but no
  /// arguments or environment at all. Arguments and environment may be what is left of `originalCount` bytes. False:
  /// the pool is at its limit, or the bytes are more than a megabyte.
  func set(_ part: RawEventPart, _ bytes: RawSpan, originalCount: UInt32 = 0, strings: inout StringPool) -> Bool {
    guard bytes.byteCount <= 1 << 20 else { return false }
    return unsafe bytes.withUnsafeBytes { bytes in
      switch part {
      case .exe:
        unsafe pointee.exe = share(bytes, &strings)
        return unsafe pointee.exe != nil
      case .workingDirectory:
        unsafe pointee.cwd = share(bytes, &strings)
        return unsafe pointee.cwd != nil
      case .controlGroup:
        unsafe pointee.cgroup = share(bytes, &strings)
        return unsafe pointee.cgroup != nil
      case .script:
        unsafe pointee.script = share(bytes, &strings)
        return unsafe pointee.script != nil
      case .arguments:
        guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
        unsafe pointee.args = strings.copy(start, count: bytes.count - 1)
        unsafe pointee.args_len = UInt32(truncatingIfNeeded: bytes.count)
        unsafe pointee.args_orig_len = max(originalCount, pointee.args_len)
        unsafe pointee.variable_bytes &+= pointee.args_len
        return unsafe pointee.args != nil
      case .environment:
        guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
        // Most processes have their parent's, and a whole session's are the same.
        unsafe pointee.env = strings.share(start, count: bytes.count - 1, longest: StringPool.longestEnvironmentShared)
        unsafe pointee.env_len = UInt32(truncatingIfNeeded: bytes.count)
        unsafe pointee.env_orig_len = max(originalCount, pointee.env_len)
        unsafe pointee.variable_bytes &+= pointee.env_len
        return unsafe pointee.env != nil
      }
    }
  }

  private func share(_ bytes: UnsafeRawBufferPointer, _ strings: inout StringPool) -> UnsafeMutablePointer<CChar>? {
    unsafe pointee.variable_bytes &+= UInt32(truncatingIfNeeded: bytes.count &+ 1)
    // Safe: nothing is read of no bytes.
    return unsafe strings.share(bytes.baseAddress ?? UnsafeRawPointer(self), count: bytes.count)
  }
}
