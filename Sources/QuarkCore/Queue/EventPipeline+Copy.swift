public import CQuark

/// Why a raw event that a client made is not taken.
public enum RawEventRefusal: Error {
  case noSuchProcess
  /// There are no events of its family.
  case unsupported
  /// More than 128 KiB of strings.
  case tooLarge
  /// The queue is, or the memory for strings.
  case full
}

extension EventPipeline {
  /// Takes a copy of a raw event that a client made, with its strings, which end with a NUL. The links in it are not
  /// looked at.
  @unsafe public mutating func insert(copyOf original: UnsafePointer<raw_event>) throws(RawEventRefusal) {
    let (type, pid) = unsafe (original.pointee.type, original.pointee.pid)
    guard type < RAW_NUM_TYPES.rawValue, ProcessFamily.has(type) else { throw .unsupported }
    guard pid != 0, pid < ProcessTable.pidLimit else { throw .noSuchProcess }
    let strings = unsafe Strings(original)
    guard strings.size <= 128 << 10 else { throw .tooLarge }
    guard room > 0,
      let copy = unsafe makeRawEvent(raw_types(type), pid: pid, timeNS: original.pointee.time)
    else { throw .full }
    unsafe copy.pointee.tid = original.pointee.tid
    unsafe copy.pointee.cpu = original.pointee.cpu
    unsafe copy.pointee.flags = original.pointee.flags
    unsafe copy.pointee.id_change = original.pointee.id_change
    unsafe copy.pointee.task = original.pointee.task
    guard unsafe strings.copy(to: copy, &self) else {
      unsafe discard(copy)
      throw .full
    }
    unsafe setOriginalLengths(of: copy, from: original)
    unsafe insert(copy)
  }

  private func setOriginalLengths(
    of copy: UnsafeMutablePointer<raw_event>, from original: UnsafePointer<raw_event>
  ) {
    unsafe copy.pointee.args_orig_len = max(copy.pointee.args_len, original.pointee.args_orig_len)
    unsafe copy.pointee.env_orig_len = max(copy.pointee.env_orig_len, original.pointee.env_orig_len)
  }

  /// Those of an event, with their lengths.
  @safe private struct Strings {
    private var parts: [(part: RawEventPart, start: UnsafeRawPointer, count: Int)] = unsafe []
    /// In bytes.
    private(set) var size = 0

    init(_ event: UnsafePointer<raw_event>) {
      unsafe add(.exe, event.pointee.exe)
      unsafe add(.workingDirectory, event.pointee.cwd)
      unsafe add(.controlGroup, event.pointee.cgroup)
      unsafe add(.script, event.pointee.script)
      unsafe addList(.arguments, event.pointee.args, Int(event.pointee.args_len))
      unsafe addList(.environment, event.pointee.env, Int(event.pointee.env_len))
    }

    /// `count`: with the NULs, or 0 for one string.
    private mutating func addList(_ part: RawEventPart, _ text: UnsafePointer<CChar>?, _ count: Int) {
      guard let text = unsafe text else { return }
      unsafe add(part, text, count > 0 ? count : Self.length(text) + 1)
    }

    private mutating func add(_ part: RawEventPart, _ text: UnsafePointer<CChar>?) {
      guard let text = unsafe text else { return }
      unsafe add(part, text, Self.length(text))
    }

    private mutating func add(_ part: RawEventPart, _ text: UnsafePointer<CChar>, _ count: Int) {
      unsafe parts.append((part: part, start: UnsafeRawPointer(text), count: count))
      size += count
    }

    private static func length(_ text: UnsafePointer<CChar>) -> Int {
      var count = 0
      while unsafe text[count] != 0 { count += 1 }
      return count
    }

    /// False: there is no memory for them.
    func copy(to event: UnsafeMutablePointer<raw_event>, _ pipeline: inout EventPipeline) -> Bool {
      for unsafe string in unsafe parts {
        // Safe: the client's string has so many bytes, and stays for the duration of the call.
        let bytes = unsafe RawSpan(_unsafeStart: string.start, byteCount: string.count)
        guard unsafe pipeline.set(string.part, of: event, to: bytes) else { return false }
      }
      return true
    }
  }
}
