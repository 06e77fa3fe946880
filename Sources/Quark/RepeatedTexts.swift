internal import QuarkCore

/// The texts that a process usually shares with the one before it. The queue has each working directory, control group
/// or environment once, and so has a batch.
@safe struct RepeatedTexts: ~Copyable {
  var exe = Text()
  var cwd = Text()
  var cgroup = Text()
  var script = Text()
  var env = Text()
  /// The strings of the queue, which must live longer. With nil nothing is shared.
  let strings: UnsafeMutablePointer<StringPool>?

  /// A text and its copy.
  @safe struct Text: ~Copyable {
    private var original: StringPool.Bytes?
    private var copy: StringPool.Bytes?

    /// Replaces `text` by its copy, which is made in `memory` if there is none yet. `size` is its length in bytes.
    @inline(__always)
    mutating func replace(
      _ text: inout StringPool.Bytes?, in memory: inout CopyMemory, _ strings: UnsafeMutablePointer<StringPool>?,
      size: (StringPool.Bytes) -> Int
    ) {
      guard let new = unsafe text else { return }
      if unsafe new != original {
        unsafe copy = memory.copy(new, size(new))
        if let strings = unsafe strings {
          // The text is retained, so that no other text gets its address.
          unsafe StringPool.retain(new)
          unsafe forget(strings)
          unsafe original = new
        }
      }
      unsafe text = copy
    }

    fileprivate func forget(_ strings: UnsafeMutablePointer<StringPool>) {
      if let original = unsafe original { unsafe strings.pointee.release(original) }
    }
  }

  init(sharing strings: UnsafeMutablePointer<StringPool>?) { unsafe self.strings = unsafe strings }

  deinit {
    guard let strings = unsafe strings else { return }
    unsafe exe.forget(strings)
    unsafe cwd.forget(strings)
    unsafe cgroup.forget(strings)
    unsafe script.forget(strings)
    unsafe env.forget(strings)
  }
}
