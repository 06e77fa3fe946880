internal import CQuark

extension Queue {
  /// The counters of a queue since it was opened.
  public struct Statistics: Equatable, Sendable {
    /// Raw events that entered the queue.
    public var insertions: UInt64
    /// Raw events that left it.
    public var removals: UInt64
    /// Events made of several raw events.
    public var aggregations: UInt64
    /// Events made of one raw event.
    public var nonAggregations: UInt64
    /// Records that the kernel had no room for.
    public var lost: UInt64
    /// Records dropped because they made no sense.
    public var malformed: UInt64
    /// Raw events that were delivered out of order: they arrived after a younger one had left, or their time stamp was
    /// more than ten seconds ahead of the clock, and the time of the clock was used instead.
    public var late: UInt64
    /// Records, or strings of records and processes, that were dropped because a bound was reached. A record without
    /// its string is delivered nevertheless.
    public var refused: UInt64
    /// Processes that were forgotten, because their grace time was over, because their exit was lost and found later,
    /// or because there were too many.
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

  /// Where the events come from.
  public var source: Source {
    switch unsafe parts.pointee.source.traits.flag {
    case QQ_EBPF: .ebpf
    case QQ_KPROBE: .kprobe
    default: .recording
    }
  }

  /// The counters. This reads the number of lost records from the kernel.
  public var statistics: Statistics {
    let counters = counters()
    return Statistics(
      insertions: counters.insertions, removals: counters.removals, aggregations: counters.aggregations,
      nonAggregations: counters.non_aggregations, lost: counters.lost, malformed: counters.malformed,
      late: counters.late, refused: counters.refused, garbageCollections: counters.garbage_collections)
  }

  /// The counters of a rule.
  public struct RuleStatistics: Equatable, Sendable {
    /// Events that were compared with the rule.
    public var evaluations: UInt64
    /// Events that the rule matched.
    public var hits: UInt64
  }

  /// The counters of the rules in use, in their order.
  public var ruleStatistics: [RuleStatistics] {
    guard let ruleset = unsafe ruleset else { return [] }
    return (0..<(unsafe ruleset.pointee.n_rules)).map { index in
      // Safe: the set has this many rules.
      unsafe RuleStatistics(
        evaluations: ruleset.pointee.rules[index].evals, hits: ruleset.pointee.rules[index].hits)
    }
  }
}
