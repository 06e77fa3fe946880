internal import CQuark

extension Queue {
  /// Counters of what went through a queue since it was opened.
  public struct Statistics: Equatable, Sendable {
    /// Raw events that entered the queue.
    public var insertions: UInt64
    /// Raw events that left it.
    public var removals: UInt64
    /// Events made of several raw events.
    public var aggregations: UInt64
    /// Events made of one.
    public var nonAggregations: UInt64
    /// Records that the kernel had no room for.
    public var lost: UInt64
    /// Records dropped because they made no sense.
    public var malformed: UInt64
    /// Raw events that are not delivered by their time: one that is younger had left when they came, or their stamp was
    /// more than ten seconds ahead of the clock, which then counts instead.
    public var late: UInt64
    /// Records, or strings of records and processes, dropped because a bound was reached. A record without its string is
    /// delivered all the same.
    public var refused: UInt64
    /// Processes forgotten: their grace time was over, or their end was lost and found out, or there were too many.
    public var garbageCollections: UInt64
  }

  /// Where the events of a queue come from.
  public enum Source: Sendable {
    /// ``Queue/Backends/ebpf``.
    case ebpf
    /// ``Queue/Backends/kprobe``.
    case kprobe
    /// A file: ``Queue/Attributes/replay``.
    case recording
  }

  /// Where they do come from.
  public var source: Source {
    switch unsafe parts.pointee.source.traits.flag {
    case QQ_EBPF: .ebpf
    case QQ_KPROBE: .kprobe
    default: .recording
    }
  }

  /// How much went through. The kernel is asked for what it lost.
  public var statistics: Statistics {
    let counters = counters()
    return Statistics(
      insertions: counters.insertions, removals: counters.removals, aggregations: counters.aggregations,
      nonAggregations: counters.non_aggregations, lost: counters.lost, malformed: counters.malformed,
      late: counters.late, refused: counters.refused, garbageCollections: counters.garbage_collections)
  }

  /// What became of a rule.
  public struct RuleStatistics: Equatable, Sendable {
    /// Events that were compared with it.
    public var evaluations: UInt64
    /// Those of them that it matched.
    public var hits: UInt64
  }

  /// Of the rules in force, in their order.
  public var ruleStatistics: [RuleStatistics] {
    guard let ruleset = unsafe ruleset else { return [] }
    return (0..<(unsafe ruleset.pointee.n_rules)).map { index in
      // Safe: there are so many.
      unsafe RuleStatistics(
        evaluations: ruleset.pointee.rules[index].evals, hits: ruleset.pointee.rules[index].hits)
    }
  }
}
