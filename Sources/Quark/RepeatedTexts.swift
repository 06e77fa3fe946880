internal import QuarkCore

/// The texts that a process mostly shares with the one before it: the queue has a working directory, a control group or
/// an environment once, and so has a batch.
@safe struct RepeatedTexts: ~Copyable {
  var exe = Text()
  var cwd = Text()
  var cgroup = Text()
  var script = Text()
  var env = Text()
  /// Those of the queue, which is to live longer. Nil: nothing is to be shared.
  let strings: UnsafeMutablePointer<StringPool>?

  /// A text, and its copy.
  @safe struct Text: ~Copyable {
    private var original: StringPool.Bytes?
    private var copy: StringPool.Bytes?

    /// Lets `text` be its copy, which is made in `memory` if it is not there yet. `size` says how many bytes it has.
    @inline(__always)
    mutating func replace(
      _ text: inout StringPool.Bytes?, in memory: inout CopyMemory, _ strings: UnsafeMutablePointer<StringPool>?,
      size: (StringPool.Bytes) -> Int
    ) {
      guard let new = unsafe text else { return }
      if unsafe new != original {
        unsafe copy = memory.copy(new, size(new))
        if let strings = unsafe strings {
          // Kept, so that no other text gets its place.
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
