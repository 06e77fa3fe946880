import CQuark
import QuarkCore

enum StatisticsText {
  /// A table of one row, each number right-aligned under its title.
  static func block(_ stats: quark_queue_stats) -> String {
    var text = ByteBuffer()
    text.append("\n    insertions      removals          aggs      non-aggs          lost       gc-cols\n")
    let numbers: [6 of UInt64] = [
      stats.insertions, stats.removals, stats.aggregations, stats.non_aggregations, stats.lost,
      stats.garbage_collections,
    ]
    for index in numbers.indices { text.append(decimal: numbers[index], width: 14) }
    text.append("\n")
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
