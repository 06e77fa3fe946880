import CBench
import CLinux
import CQuark
import QuarkCore

/// Runs one load through insertion, ordering, aggregation, cache and delivery.
struct Bench: ~Copyable {
  private let load: Load
  private let hasStrings: Bool
  private let schedule: Schedule
  private let strings: Strings
  private let residentBefore: UInt64
  private var pipeline: EventPipeline
  private var delivered: UInt64 = 0
  private var isComplete = false

  /// The number of raw events that are inserted before all are taken out.
  private static var batch: Int { 9000 }
  /// Added to the clock: time stamps begin at zero, and are at least an hour old.
  private static var ageNS: UInt64 { 3600 * 1_000_000_000 }

  init(_ load: Load, hasStrings: Bool, graceTimeMS: CInt, processes: Int) {
    self.load = load
    self.hasStrings = hasStrings
    schedule = Schedule(processes: processes, isHot: load == .hot)
    strings = Strings()
    residentBefore = cbench_resident()
    let maxLength = load == .bulk ? schedule.count : 10000
    pipeline = unsafe EventPipeline(
      quark_queue_attr(
        flags: QQ_EBPF, max_length: CInt(maxLength), cache_grace_time: graceTimeMS, hold_time: 1000, max_env: 4096,
        kubefd: -1, ruleset: nil, ring_size: 0, replay: nil),
      memory: SlabMemory(advise: clinux_advise_huge_pages))
  }

  /// False if not all raw events came out.
  mutating func measure() -> Bool {
    unsafe withUnsafeMutablePointer(to: &self) { bench in
      unsafe cbench_measure({ unsafe $0!.assumingMemoryBound(to: Bench.self).pointee.run() }, bench)
    }
    return isComplete
  }

  private mutating func run() {
    let count = schedule.count
    // The first tenth allocates the memory that the rest uses.
    let warm = load == .bulk ? count : count / 10
    let (startNS, startCPU) = (cbench_boot_ns(), cbench_cpu_ns())
    feed(0..<warm)
    let warmAllocations = cbench_allocations()
    feed(warm..<count)
    let stats = pipeline.statistics
    var result = unsafe cbench_result()
    unsafe result.wall_ns = cbench_boot_ns() - startNS
    unsafe result.cpu_ns = cbench_cpu_ns() - startCPU
    unsafe result.later_allocations = cbench_allocations() - warmAllocations
    unsafe result.load = UnsafeRawPointer(load.name.utf8Start).assumingMemoryBound(to: CChar.self)
    unsafe result.raw_events = UInt64(count)
    unsafe result.events = delivered
    unsafe result.late = stats.late
    unsafe result.bytes = max(cbench_peak_resident(), residentBefore) - residentBefore
    unsafe cbench_print(&result)
    isComplete = stats.insertions == UInt64(count) && stats.removals == UInt64(count)
  }

  private mutating func feed(_ range: Range<Int>) {
    if load == .sources {
      feedFromSources(range)
      return
    }
    let batch = load == .bulk ? range.count : load == .single ? 1 : Self.batch
    var index = range.lowerBound
    while index < range.upperBound {
      let end = min(range.upperBound, index + batch)
      while index < end {
        unsafe strings.add(schedule.steps[index], hasStrings: hasStrings, to: &pipeline)
        index += 1
      }
      drain()
    }
  }

  private mutating func feedFromSources(_ range: Range<Int>) {
    var sources = unsafe SkewedSources(steps: schedule.steps + range.lowerBound, count: range.count, strings: strings)
    var merge = SourceMerge(sourceCount: sources.sourceCount)
    while merge.pull(from: &sources, limit: Self.batch, into: &pipeline) > 0 { drain() }
  }

  /// Does the same as Queue.nextEvent: reads the clock, and takes an event.
  private mutating func drain() {
    while true {
      let nowNS = cbench_boot_ns() + Self.ageNS
      guard let event = unsafe pipeline.next(nowNS: nowNS, wallOffsetNS: 1 << 60) else { return }
      delivered += unsafe event.pointee.events == 0 ? 0 : 1
    }
  }
}
