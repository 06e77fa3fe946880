internal import CLinux
internal import CQuark
internal import CWire
internal import QuarkBTF
public import QuarkCore

/// Kprobes defined in tracefs, read through a perf ring for each CPU: for kernels where BPF programs are not available.
@safe public struct KprobeBackend: RecordSource, ~Copyable {
  private let probes: KprobeProbes
  /// Memory for as many rings as there may be CPUs.
  private let rings: UnsafeMutablePointer<PerfRing>
  private var ringCount: Int
  private var opener: RingOpener
  /// CPUs without perf events, or whose perf events are detached.
  private var deafCPUs: [CInt]
  private var watch: CPUWatch
  /// Why perf events could not be opened again on one of them that is online, at the last try.
  private var deafness = ""
  /// When to try again, nanoseconds since boot.
  private var nextTryNS: UInt64 = 0
  /// How often a CPU was traced again, plus the number of records that its former rings had lost.
  private var gaps: UInt64 = 0
  private var formerLosses = LossCounts()
  private var formerMalformed: UInt64 = 0
  private var formerStalls: UInt64 = 0
  /// The epoll instance that watches the rings; -1 if there is none.
  private var epollDescriptor: CInt = -1
  private var merge: SourceMerge
  private var translator: SampleTranslator
  private let origin: KernelOffsets.Origin
  private var hasOffset: Bool
  /// True if the time spent in suspend was measured already.
  private var isOffsetKnown = false

  /// Bytes of each CPU's ring, if there is memory for it: 1 MiB.
  public static var defaultRingSize: Int { 1 << 20 }

  public static func open(_ settings: BackendSettings = BackendSettings()) throws(QuarkError) -> KprobeBackend {
    do throws(QuarkError) {
      let offsets = try KernelOffsets.running()
      let blocks = BlockOffsets(offsets)
      let without = withheld()
      let probes = try KprobeProbes.define(
        offsets, blocks, without: without, settings)
      let size = settings.ringSize == 0 ? defaultRingSize : settings.ringSize
      var opener = RingOpener(probes.events, size: size, without: without, seesThreads: settings.seesThreads)
      // This comes before the rings are opened, so that a CPU that goes offline meanwhile is noticed.
      var watch = CPUWatch()
      let (rings, count) = unsafe try opener.open(&watch)
      probes.settle()
      var backend = unsafe KprobeBackend(probes, rings, count, opener, watch, blocks, offsets.origin)
      if settings.testsItself { try backend.testItself() }
      return backend
    } catch {
      throw Capabilities.explaining(error)
    }
  }

  private init(
    _ probes: consuming KprobeProbes, _ rings: UnsafeMutablePointer<PerfRing>, _ ringCount: Int, _ opener: RingOpener,
    _ watch: consuming CPUWatch, _ blocks: BlockOffsets, _ origin: KernelOffsets.Origin
  ) {
    self.probes = probes
    unsafe self.rings = rings
    self.ringCount = ringCount
    merge = SourceMerge(sourceCount: opener.possibleCPUs)
    translator = SampleTranslator(blocks)
    self.opener = opener
    deafCPUs = opener.offlineCPUs
    self.watch = watch
    self.origin = origin
    hasOffset = opener.stamps != .perf
  }

  @inlinable deinit { destroy() }

  /// The rings are closed first, because a probe that is in use cannot be removed.
  @usableFromInline func destroy() {
    unsafe rings.deinitialize(count: ringCount)
    unsafe rings.deallocate()
  }

  public var traits: SourceTraits { SourceTraits(name: "kprobe", flag: QQ_KPROBE) }

  /// Becomes readable when a tenth of a ring is filled.
  public mutating func watch(_ epoll: borrowing Epoll) throws(Errno) {
    epollDescriptor = epoll.rawValue
    for index in 0..<ringCount { try epoll.add(readable: unsafe rings[index].events[0]) }
  }

  /// Lends up to `limit` records, the oldest of all rings first, each only for the duration of the call. Returns their
  /// number.
  public mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    if let now = try? Clock.bootNS() { lookForCPUs(now) }
    if opener.stamps == .monotonic { followSuspends() }
    merge.removeAll()
    for index in 0..<ringCount {
      if let head = unsafe rings[index].peek(probes.layouts) { merge.add(index, timeNS: head.timeNS) }
    }
    if !hasOffset, let oldest = merge.oldest, let head = unsafe rings[oldest].peek(probes.layouts) {
      findOffset(head.timeNS)
    }
    var taken = 0
    while taken < limit, let index = merge.oldest, let head = unsafe rings[index].peek(probes.layouts) {
      unsafe rings[index].take { translator.translate($0, head.probe, probes.layouts, body) }
      taken += 1
      merge.replaceOldest(timeNS: unsafe rings[index].peek(probes.layouts)?.timeNS)
    }
    if merge.oldest == nil {
      if !deafCPUs.isEmpty { hearAgain() }
      askSilentRings()
    }
    return taken
  }

  /// Records that the rings had no room for since the backend was opened. A CPU that was offline and is back counts as
  /// one more: how many there were before it was heard again nobody knows.
  public func lost() -> LossCounts {
    var lost = formerLosses
    addLost(gaps, to: &lost)
    for index in 0..<ringCount { lost.add(loss(index)) }
    return lost
  }

  /// Of what was passed over in a ring that made no sense nobody knows how much it was: it counts as one.
  private func loss(_ index: Int) -> LossCounts {
    var lost = LossCounts()
    unsafe addLost(rings[index].stalls, to: &lost)
    if opener.countsLost {
      for (event, opened) in probes.events.enumerated() {
        unsafe lost.add(rings[index].countedLoss(event), of: opened.probes[0].family)
      }
    } else {
      unsafe addLost(rings[index].lost, to: &lost)
    }
    return lost
  }

  /// What may have been of any family that is asked for.
  private func addLost(_ count: UInt64, to lost: inout LossCounts) {
    if probes.asked.isEmpty { lost.add(count, of: WIRE_FAMILY_PROCESS) } else { lost.total &+= count }
  }

  /// Rings whose content made no sense, once or more often.
  public var stalls: UInt64 {
    var sum = formerStalls
    for index in 0..<ringCount where unsafe rings[index].stalls > 0 { sum += 1 }
    return sum
  }

  /// Samples that made no sense.
  public var malformed: UInt64 {
    var sum = formerMalformed
    for index in 0..<ringCount { sum &+= unsafe rings[index].malformed }
    return sum
  }

  /// Which probe delivers each kind of record, one line each, and where the offsets come from.
  public var description: String {
    var text = ""
    for probe in Probe.allCases where probe.askedType == nil || probes.asked.contains(probe) {
      text += "\(probe.label): \(probes.has(probe) ? probes.description(of: probe) : "none")\n"
      for failure in probes.failures where failure.probe == probe {
        text += "  not \(failure.what): \(failure.reason)\n"
      }
    }
    text += "directories: \(probes.levels), \(probes.hasArrays ? "with" : "without") arrays\n"
    text += "rings: \(ringCount) of \(opener.size / 1024) KiB, stamped with \(opener.stamps.name), "
    text += "lost records counted by \(opener.countsLost ? "event" : "ring")\n"
    text += "offsets: \(origin.description)\n"
    if !deafCPUs.isEmpty, !deafness.isEmpty { text += "deaf: \(deafCPUs.count) CPUs: \(deafness)\n" }
    if gaps > 0 { text += "gaps: CPUs were offline and are heard again, \(gaps) in all\n" }
    return text
  }

  public var means: SourceMeans { probes.means }

  // MARK: -

  private mutating func testItself() throws(QuarkError) {
    let hooks: [Hook] = probes.has(.name) ? [.fork, .exec, .exit, .comm] : [.fork, .exec, .exit]
    let knowledge = SelfTest.Knowledge(hooks: hooks, maxEnvironment: nil, hasExecutable: false)
    let silent = try SelfTest.silentHooks(knowledge) { body in _ = consume(limit: .max, body) }
    if let hook = silent.first {
      throw QuarkError(
        "trust the backend", Errno(EPROTO),
        detail: "self-test: \(hook.name) delivers nothing for the process that was made to test it")
    }
  }

  /// Looks for CPUs that went offline, because their perf events are then detached.
  private mutating func lookForCPUs(_ nowNS: UInt64) {
    var heard: [CInt] = []
    for index in 0..<ringCount { unsafe heard.append(rings[index].cpu) }
    var lost: [CInt] = []
    watch.forEachLost(of: heard, nowNS: nowNS) { lost.append($0) }
    for cpu in lost {
      if !deafCPUs.contains(cpu) { deafCPUs.append(cpu) }
      nextTryNS = 0
    }
  }

  /// Opens perf events on CPUs that came online; once a second while some are still offline. The content of their
  /// former rings has been read by now. A process that dropped its privileges cannot trace them again.
  private mutating func hearAgain() {
    guard let now = try? Clock.bootNS(), now >= nextTryNS else { return }
    nextTryNS = now &+ 1_000_000_000
    for cpu in watch.online(of: deafCPUs) {
      do throws(QuarkError) {
        guard let ring = try opener.openEnabled(cpu) else { continue }
        // A ring that is not in the epoll instance is still read ten times a second.
        if epollDescriptor >= 0 { try? Epoll.add(readable: ring.events[0], to: epollDescriptor) }
        put(ring)
        deafCPUs.removeAll { $0 == cpu }
        deafness = ""
        gaps &+= 1
      } catch {
        // This is tried again in a second; until then the reason is reported.
        deafness = error.message
      }
    }
  }

  /// Replaces the former ring of its CPU.
  private mutating func put(_ ring: consuming PerfRing) {
    for index in 0..<ringCount where unsafe rings[index].cpu == ring.cpu {
      formerLosses.add(loss(index))
      unsafe formerMalformed &+= rings[index].malformed
      if unsafe rings[index].stalls > 0 { formerStalls += 1 }
      unsafe rings[index] = ring
      return
    }
    unsafe (rings + ringCount).initialize(to: ring)
    ringCount += 1
  }

  /// A kernel that does not count losses for each perf event reports them in the ring, with the next record.
  private mutating func askSilentRings() {
    for index in 0..<ringCount where unsafe rings[index].isSilent {
      if opener.countsLost {
        unsafe rings[index].isSilent = false
      } else {
        unsafe rings[index].makeItSpeak(clock: opener.stamps.clock)
        _ = unsafe rings[index].peek(probes.layouts)
      }
    }
  }

  /// The time spent in suspend is the difference of the two clocks.
  private mutating func followSuspends() {
    guard let offset = try? Clock.suspendedNS(last: translator.offsetNS) else { return }
    // During suspend all CPUs but one were offline, without a message: freeze_secondary_cpus() in kernel/cpu.c.
    if isOffsetKnown, offset != translator.offsetNS {
      for index in 0..<ringCount where unsafe !deafCPUs.contains(rings[index].cpu) {
        unsafe deafCPUs.append(rings[index].cpu)
      }
      nextTryNS = 0
    }
    (translator.offsetNS, isOffsetKnown) = (offset, true)
  }

  /// The clock of perf cannot be read, so the first record is assumed to be new.
  private mutating func findOffset(_ firstNS: UInt64) {
    guard let now = try? Clock.bootNS() else { return }
    hasOffset = true
    translator.offsetNS = now &- firstNS
  }

  /// The features that QUARK_KPROBE_WITHOUT names, separated by commas, are not used although the kernel has them.
  private static func withheld() -> [ArraySlice<UInt8>] {
    guard let text = unsafe clinux_environment("QUARK_KPROBE_WITHOUT") else { return [] }
    // Safe: an environment variable ends with a NUL.
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text)))
    return bytes.split(separator: UInt8(ascii: ","))
  }
}

extension KernelOffsets.Origin {
  /// The source of the offsets as text.
  var description: String {
    switch self {
    case .types(let path): path
    case .table(let release): "the table, \(release)"
    case .neighbours(let below, let above): "the table, between \(below) and \(above), which agree"
    }
  }
}
