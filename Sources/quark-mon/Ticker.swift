import CQuark
import Quark
import QuarkLinux

/// Prints the statistics about every second, if something has happened since.
struct Ticker {
  private var saidNS: UInt64 = 0
  private var saidInsertions: UInt64 = 0

  mutating func tick(_ queue: borrowing Queue) {
    guard let nowNS = try? Clock.bootNS(), nowNS - saidNS >= 1_000_000_000 else { return }
    let statistics = queue.counters()
    guard statistics.insertions != saidInsertions else { return }
    (saidNS, saidInsertions) = (nowNS, statistics.insertions)
    FileDescriptor.complain(StatisticsText.block(statistics))
  }
}
