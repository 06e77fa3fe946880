public import CQuark

/// Why a raw event of a client is refused.
public enum RawEventRefusal: Error {
  case noSuchProcess
  /// Its family cannot be inserted.
  case unsupported
  /// More than 128 KiB of strings.
  case tooLarge
  /// The queue, or the memory for strings, is full.
  case full
}

extension EventPipeline {
  /// Inserts a copy of a raw event of a client, with its strings, which end with a NUL. The links in it are ignored.
  @unsafe public mutating func insert(copyOf original: UnsafePointer<raw_event>) throws(RawEventRefusal) {
    let (type, pid) = unsafe (original.pointee.type, original.pointee.pid)
    guard type < RAW_NUM_TYPES.rawValue, ProcessFamily.has(type) else { throw .unsupported }
    guard pid != 0, pid < ProcessTable.pidLimit else { throw .noSuchProcess }
    var strings = RawEventStrings()
    unsafe ProcessFamily.addStrings(of: original, to: &strings)
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
    unsafe ProcessFamily.setOriginalLengths(of: copy, from: original)
    unsafe insert(copy)
  }
}

/// The strings of a raw event that does not belong to the queue, with their lengths.
@safe struct RawEventStrings {
  private var parts: [(part: RawEventPart, start: UnsafeRawPointer, count: Int)] = unsafe []
  /// The size of all strings in bytes.
  private(set) var size = 0

  /// Adds strings that each end with a NUL. `count` is their size in bytes, or 0 for a single string.
  @unsafe mutating func addList(_ part: RawEventPart, _ text: UnsafePointer<CChar>?, _ count: Int) {
    guard let text = unsafe text else { return }
    unsafe add(part, text, count > 0 ? count : Self.length(text) + 1)
  }

  /// Adds one string, or none.
  @unsafe mutating func add(_ part: RawEventPart, _ text: UnsafePointer<CChar>?) {
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

  /// False if there is no memory for them.
  func copy(to event: UnsafeMutablePointer<raw_event>, _ pipeline: inout EventPipeline) -> Bool {
    for unsafe string in unsafe parts {
      // Safe: the client's string has this many bytes, and stays for the duration of the call.
      let bytes = unsafe RawSpan(_unsafeStart: string.start, byteCount: string.count)
      guard unsafe pipeline.set(string.part, of: event, to: bytes) else { return false }
    }
    return true
  }
}
