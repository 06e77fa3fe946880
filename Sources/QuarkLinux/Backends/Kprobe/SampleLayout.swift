/// The offsets of the fields in the raw data of a sample, from the event's `format` file. The bodies of two events need
/// not begin at the same offset.
struct SampleLayout {
  private var places = InlineArray<64, Int32>(repeating: -1)
  /// Bytes that a sample has at least.
  private(set) var size = 0
  /// The number of directories, from the working directory upwards.
  private(set) var levels = 0
  /// The number of names of the executable's path.
  private(set) var fileLevels = 0
  /// Bytes of the end of the arguments, and of their beginning.
  private(set) var argumentBytes = 0
  private(set) var headBytes = 0
  /// Bytes of the name that was called; 0 if it is a string elsewhere in the sample.
  private(set) var calledBytes = 0

  /// The layout for a probe that does not exist.
  init() {}

  @inline(__always)
  subscript(_ field: SampleField) -> Int? {
    let place = places[field.rawValue]
    return place >= 0 ? Int(place) : nil
  }

  /// Nil if the kernel's layout is not the one that was asked for.
  init?(
    _ format: EventFormat, _ arguments: [(field: SampleField, argument: FetchArgument)], _ shape: ProbeShape
  ) {
    levels = arguments.count { $0.field == .folders }
    fileLevels = arguments.count { $0.field == .file }
    argumentBytes = shape.argumentBytes
    headBytes = shape.headBytes
    calledBytes = shape.isRecent ? 0 : shape.calledBytes
    var end: [Int32] = []
    end.reserveCapacity(SampleField.allCases.count)
    for _ in SampleField.allCases { end.append(-1) }
    for (field, argument) in arguments {
      let isSplit = argument.count > 1 && !shape.hasArrays
      let names = isSplit ? (0..<argument.count).map(argument.memberName) : [argument.name]
      for name in names {
        guard let member = format[name] else { return nil }
        if places[field.rawValue] < 0 { places[field.rawValue] = Int32(member.offset) }
        // The values of one field must be consecutive.
        guard end[field.rawValue] < 0 || end[field.rawValue] == Int32(member.offset) else { return nil }
        let expected = argument.kind.size * argument.count / names.count
        guard member.size == expected else { return nil }
        end[field.rawValue] = Int32(member.offset + member.size)
        size = max(size, member.offset + member.size)
      }
    }
  }
}

/// The layouts of all probes, and the ids by which samples name their event.
@safe @usableFromInline struct SampleLayouts: ~Copyable {
  /// The layouts by probe.
  private let layouts: UnsafeMutablePointer<SampleLayout>
  /// Zero, which no event has: there is no such probe.
  private var ids = InlineArray<8, UInt16>(repeating: 0)
  /// What threads do is asked for, too.
  private let seesThreads: Bool

  /// PF_KTHREAD in include/linux/sched.h.
  private static var kernelThread: UInt32 { 0x20_0000 }
  /// kthreadd, which makes all kernel threads: rest_init() in init/main.c.
  private static var kernelThreadMaker: UInt32 { 2 }

  init(seesThreads: Bool) {
    self.seesThreads = seesThreads
    unsafe layouts = .allocate(capacity: Probe.allCases.count)
    unsafe layouts.initialize(repeating: SampleLayout(), count: Probe.allCases.count)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe layouts.deallocate() }

  mutating func set(_ probe: Probe, id: UInt16, _ layout: SampleLayout) {
    ids[probe.rawValue] = id
    unsafe layouts[probe.rawValue] = layout
  }

  /// The probe of a sample of `size` bytes, which begins with the id of its event. Nil if there is none; if the id is
  /// known, the sample is malformed.
  @unsafe func probe(of raw: UnsafeRawPointer, size: Int) -> Probe? {
    let id = unsafe raw.loadUnaligned(as: UInt16.self)
    for index in ids.indices where ids[index] == id && id != 0 {
      let probe = Probe(rawValue: index)!
      guard unsafe size >= self[probe].pointee.size else { return nil }
      if index == 0, ids[0] == ids[Probe.exit.rawValue] { return unsafe momentsProbe(raw) }
      return probe
    }
    return nil
  }

  func knows(_ id: UInt16) -> Bool { id != 0 && ids.indices.contains { ids[$0] == id } }

  /// The probe of a sample of an event with several probes.
  @unsafe private func momentsProbe(_ raw: UnsafeRawPointer) -> Probe {
    guard let place = unsafe self[.exit].pointee[.moment] else { return .exit }
    let moment = unsafe Int(raw.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    return moment == Probe.fork.moment ? .fork : moment == Probe.name.moment ? .name : .exit
  }

  /// Valid as long as this lives.
  @unsafe subscript(_ probe: Probe) -> UnsafePointer<SampleLayout> { unsafe UnsafePointer(layouts + probe.rawValue) }

  /// True if the sample is wanted: it is about a process, and not only about a thread, nor about a kernel thread. `raw`
  /// has as many bytes as the layout says.
  @unsafe func admits(_ probe: Probe, _ raw: UnsafeRawPointer) -> Bool {
    if probe.askedType != nil { return unsafe hasSucceeded(probe, raw) }
    if unsafe isOfKernelThread(probe, raw), unsafe !mayBeOfHelper(probe, raw) { return false }
    let layout = unsafe self[probe]
    if seesThreads { return true }
    switch probe {
    case .exec: return true
    case .exit:
      guard let place = unsafe layout.pointee[.moment] else { return false }
      return unsafe raw.loadUnaligned(fromByteOffset: place, as: UInt32.self) != 0
    case .fork, .name:
      guard let tgid = unsafe layout.pointee[.tgid], let pid = unsafe layout.pointee[.pid] else { return false }
      return unsafe raw.loadUnaligned(fromByteOffset: tgid, as: UInt32.self)
        == raw.loadUnaligned(fromByteOffset: pid, as: UInt32.self)
    default: return true
    }
  }

  /// What the filters say, too: a kernel need not take them.
  @unsafe private func hasSucceeded(_ probe: Probe, _ raw: UnsafeRawPointer) -> Bool {
    let layout = unsafe self[probe]
    switch probe {
    case .ptraceRequest:
      guard let place = unsafe layout.pointee[.result] else { return false }
      return unsafe raw.loadUnaligned(fromByteOffset: place, as: Int64.self) >= 0
    case .ptraceAttach, .ptraceTraceme, .module:
      if let place = unsafe layout.pointee[.result] {
        return unsafe raw.loadUnaligned(fromByteOffset: place, as: Int32.self) == 0
      }
      if probe == .module {
        guard let place = unsafe layout.pointee[.moduleState] else { return false }
        return unsafe raw.loadUnaligned(fromByteOffset: place, as: UInt32.self) == KernelNumbers.liveModule
      }
      guard let place = unsafe layout.pointee[.request] else { return false }
      return unsafe raw.loadUnaligned(fromByteOffset: place, as: UInt32.self) == KernelNumbers.attach
    default: return true
    }
  }

  @unsafe func isOfKernelThread(_ probe: Probe, _ raw: UnsafeRawPointer) -> Bool {
    guard let place = unsafe self[probe].pointee[.flags] else { return false }
    return unsafe raw.loadUnaligned(fromByteOffset: place, as: UInt32.self) & Self.kernelThread != 0
  }

  /// True if a kernel thread may be a helper, made to execute a program, for example that of core_pattern
  /// (kernel/umh.c). Before 5.19 a helper is a kernel thread until its exec, or until its end if the program does not
  /// exist. At a fork, the thread that makes it decides: this is the current thread, the second number of all samples.
  /// At an exit, `SampleTranslator` decides.
  private func mayBeOfHelper(_ probe: Probe, _ raw: UnsafeRawPointer) -> Bool {
    switch probe {
    case .fork: unsafe raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self) != Self.kernelThreadMaker
    case .exit: true
    default: false
    }
  }
}

/// The fields of an event, from its `format` file in tracefs: Documentation/trace/events.rst.
struct EventFormat {
  private var members: [(name: ArraySlice<UInt8>, offset: Int, size: Int)] = []

  /// Reads lines such as `	field:u64 cred[11];	offset:16;	size:88;	signed:0;`.
  init(_ text: [UInt8]) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: ";"))
      guard parts.count >= 3, let declaration = Self.value(parts[0], of: "field:"),
        let offset = Self.value(parts[1], of: "offset:").flatMap(Self.number),
        let size = Self.value(parts[2], of: "size:").flatMap(Self.number)
      else { continue }
      let words = declaration.split(separator: UInt8(ascii: " "))
      guard let last = words.last else { continue }
      members.append((last.prefix { $0 != UInt8(ascii: "[") }, offset, size))
    }
  }

  subscript(_ name: String) -> (offset: Int, size: Int)? {
    members.first { $0.name.elementsEqual(name.utf8) }.map { ($0.offset, $0.size) }
  }

  private static func value(_ part: ArraySlice<UInt8>, of key: StaticString) -> ArraySlice<UInt8>? {
    let trimmed = part.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
    let length = key.utf8CodeUnitCount
    guard trimmed.count >= length, key.hasBytes(trimmed.prefix(length)) else { return nil }
    return trimmed.dropFirst(length)
  }

  /// Reads a number that is so small that the sum of two still fits in an Int32.
  static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9"), value < 1 << 26 else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return digits.isEmpty ? nil : value
  }
}
