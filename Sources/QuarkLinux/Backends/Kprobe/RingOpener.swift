internal import CLibbpf
internal import CLinux
internal import QuarkCore

/// Opens the perf events of all CPUs and their rings, with as many features of perf as this kernel has.
struct RingOpener {
  /// The clock of the time stamps of samples. CLOCK_BOOTTIME is not used: no kernel so far allows it for tracepoints,
  /// because it cannot be read in an NMI (perf_event_set_clock() in kernel/events/core.c), and a refused try takes 35
  /// ms, because the perf event is set up before it is refused.
  enum Stamps {
    case monotonic
    /// The clock of perf: nanoseconds since a moment during the boot.
    case perf

    var clock: CInt {
      switch self {
      case .monotonic: CLOCK_MONOTONIC
      case .perf: -1
      }
    }

    var name: StaticString {
      switch self {
      case .monotonic: "CLOCK_MONOTONIC"
      case .perf: "the clock of perf"
      }
    }
  }

  private let events: [ProbeEvent]
  private(set) var stamps = Stamps.monotonic
  /// Linux 6.0 and later count the losses of each perf event.
  private(set) var countsLost = true
  /// Size of each ring in bytes.
  private(set) var size: Int
  /// CPUs that were offline when the rings of the others were opened.
  private(set) var offlineCPUs: [CInt] = []
  private let isWithoutClock: Bool
  private let seesThreads: Bool

  /// Size of the smallest useful ring in bytes.
  private static var leastSize: Int { 64 << 10 }

  init(_ events: [ProbeEvent], size: Int, without: [ArraySlice<UInt8>], seesThreads: Bool) {
    self.seesThreads = seesThreads
    self.events = events
    self.size = size
    if without.contains(where: { ("lost" as StaticString).hasBytes($0) }) { countsLost = false }
    isWithoutClock = without.contains { ("clock" as StaticString).hasBytes($0) }
    if isWithoutClock { stamps = .perf }
  }

  /// The number of possible CPUs, also those that are not plugged in yet, which sysconf(3) of some C libraries leaves
  /// out.
  let possibleCPUs = max(Int(libbpf_num_possible_cpus()), 1, sysconf(CInt(_SC_NPROCESSORS_CONF)))

  /// Opens a ring for each CPU that is online, in memory for all possible CPUs, which the caller deinitializes and
  /// frees.
  @unsafe mutating func open(
    _ watch: inout CPUWatch
  ) throws(QuarkError) -> (rings: UnsafeMutablePointer<PerfRing>, count: Int) {
    let rings = UnsafeMutablePointer<PerfRing>.allocate(capacity: possibleCPUs)
    var count = 0
    do throws(QuarkError) {
      let cpus = [CInt](0..<CInt(possibleCPUs))
      let online = watch.online(of: cpus)
      for cpu in cpus {
        // For a CPU that is offline, the kernel makes a perf event before it refuses.
        guard online.contains(cpu), let ring = try openEnabled(cpu) else {
          offlineCPUs.append(cpu)
          continue
        }
        unsafe (rings + count).initialize(to: ring)
        count += 1
      }
      if count == 0 { throw QuarkError("open a perf event on any CPU", Errno(ENODEV)) }
    } catch {
      unsafe rings.deinitialize(count: count)
      unsafe rings.deallocate()
      throw error
    }
    return unsafe (rings, count)
  }

  /// Nil if the CPU is offline.
  mutating func openEnabled(_ cpu: CInt) throws(QuarkError) -> PerfRing? {
    guard let ring = try open(cpu) else { return nil }
    try enable(ring)
    return ring
  }

  /// Nil if the CPU is offline.
  private mutating func open(_ cpu: CInt) throws(QuarkError) -> PerfRing? {
    while true {
      guard let descriptors = try openEvents(cpu) else { return nil }
      do throws(Errno) {
        return try PerfRing(cpu: cpu, events: descriptors, dataSize: size)
      } catch {
        let isTooMuch = error.rawValue == ENOMEM || error.rawValue == EPERM
        guard isTooMuch, size / 2 >= Self.leastSize else {
          throw QuarkError("map a perf ring", error, detail: "\(size) bytes for CPU \(cpu)")
        }
        size /= 2
      }
    }
  }

  private mutating func openEvents(_ cpu: CInt) throws(QuarkError) -> [CInt]? {
    var descriptors: [CInt] = []
    for event in events {
      do throws(Errno) {
        descriptors.append(try openEvent(event.id, cpu))
      } catch {
        for descriptor in descriptors { close(descriptor) }
        if error.rawValue == ENODEV { return nil }
        throw QuarkError("open a perf event", error, detail: "\(event.description) on CPU \(cpu)")
      }
    }
    return descriptors
  }

  /// A kernel refuses features that it does not have with EINVAL.
  private mutating func openEvent(_ id: UInt64, _ cpu: CInt) throws(Errno) -> CInt {
    while true {
      let descriptor = clinux_perf_tracepoint(id, cpu, stamps.clock, countsLost ? 1 : 0, UInt32(size / 10))
      if descriptor >= 0 { return descriptor }
      let error = Errno.current
      // A CPU that comes online later also needs descriptors.
      if error.isOfDescriptors, DescriptorLimit.raise() { continue }
      guard error.rawValue == EINVAL, demandLess() else { throw error }
    }
  }

  /// Tries a poorer clock, and if there is none, fewer counters of losses with the best clock again. False if nothing
  /// is left.
  private mutating func demandLess() -> Bool {
    switch stamps {
    case .monotonic: stamps = .perf
    case .perf:
      guard countsLost else { return false }
      countsLost = false
      if !isWithoutClock { stamps = .monotonic }
    }
    return true
  }

  private func enable(_ ring: borrowing PerfRing) throws(QuarkError) {
    for (index, opened) in events.enumerated() {
      let event = ring.events[index]
      // Without the filter the reader leaves out the samples that the filter would drop.
      if let filter = opened.filter, !opened.probes.contains(.exit) || !seesThreads {
        unsafe clinux_perf_set_filter(event, filter.cString)
      }
      let isReady = index == 0 || clinux_perf_set_output(event, ring.events[0]) == 0
      guard isReady, clinux_perf_enable(event) == 0 else {
        throw QuarkError("enable a perf event", .current, detail: "\(opened.description) on CPU \(ring.cpu)")
      }
    }
  }
}
