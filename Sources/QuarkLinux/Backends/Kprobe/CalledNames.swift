internal import CWire

/// The names that execve(2) was given, of the execs of which more is still to come.
@safe @usableFromInline struct CalledNames: ~Copyable {
  private let memory: UnsafeMutableRawPointer
  private var pids = InlineArray<8, UInt32>(repeating: 0)
  private var counts = InlineArray<8, Int>(repeating: 0)

  /// As many as are likely to be under way at once: one that another takes the place of is forgotten.
  private static var slots: Int { 8 }
  private static var slotBytes: Int { Int(WIRE_SCRIPT_MAX.rawValue) }
  /// A script's interpreter may be a script, and so on, each with an argument: BINPRM_MAX_RECURSION and more.
  private static var mostArguments: Int { 12 }

  init() { unsafe memory = .allocate(byteCount: Self.slots * Self.slotBytes, alignment: 8) }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe memory.deallocate() }

  /// `name` ends with a NUL.
  mutating func remember(_ pid: UInt32, _ name: RawSpan) {
    let (slot, count) = (Int(pid) % Self.slots, min(max(0, name.byteCount - 1), Self.slotBytes))
    unsafe name.withUnsafeBytes { source in
      // Safe: a slot has room for as many, and so many there are.
      if let base = source.baseAddress {
        unsafe (memory + slot * Self.slotBytes).copyMemory(from: base, byteCount: count)
      }
    }
    pids[slot] = pid
    counts[slot] = count
  }

  mutating func forget(_ pid: UInt32) { if pids[Int(pid) % Self.slots] == pid { pids[Int(pid) % Self.slots] = 0 } }

  /// Empty: it is not known.
  @_lifetime(borrow self)
  func name(of pid: UInt32) -> Span<UInt8> {
    let slot = Int(pid) % Self.slots
    let count = pids[slot] == pid ? counts[slot] : 0
    // Safe: that many bytes were filled, and any change needs exclusive access.
    let span = unsafe Span<UInt8>(
      _unsafeStart: (memory + slot * Self.slotBytes).assumingMemoryBound(to: UInt8.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Is that a script? The kernel puts its interpreter, as the script has it, before the name that the script was
  /// called by, and an argument in between: binfmt_script(). A program that is called by a path that is not its name,
  /// and with that name as one of its first arguments, would look alike.
  func isScript(_ pid: UInt32, _ arguments: RawSpan) -> Bool {
    let called = name(of: pid)
    guard called.count > 0 else { return false }
    var (start, index, hasSlash) = (0, 0, false)
    for end in 0..<min(arguments.byteCount, 2 * Self.slotBytes) {
      let byte = unsafe arguments.unsafeLoad(fromByteOffset: end, as: UInt8.self)
      if byte == UInt8(ascii: "/"), index == 0 { hasSlash = true }
      guard byte == 0 else { continue }
      let isName = Self.equal(arguments.extracting(start..<end), called)
      if index == 0, isName || !hasSlash { return false }
      if isName { return true }
      (start, index) = (end + 1, index + 1)
      if index > Self.mostArguments { return false }
    }
    return false
  }

  private static func equal(_ bytes: RawSpan, _ name: Span<UInt8>) -> Bool {
    guard bytes.byteCount == name.count else { return false }
    for index in name.indices
    where unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) != name[index] { return false }
    return true
  }
}
