internal import CWire
internal import QuarkCore

/// The rings between the simulated kernel and the queue: a record for a full ring is lost and counted.
final class Rings: RecordSources {
  let ledger: Ledger
  let sourceCount: Int
  private let capacity: Int
  /// The indices of records, and how many of them were taken.
  private var rings: [(records: [Int], taken: Int)]
  /// As a source counts them.
  private(set) var lost = LossCounts()

  init(_ parameters: Parameters, ledger: Ledger) {
    self.ledger = ledger
    sourceCount = parameters.hasRingPerCPU ? parameters.cpuCount : 1
    capacity = parameters.ringCapacity
    rings = Array(repeating: ([], 0), count: sourceCount)
  }

  func write(_ record: Int) {
    let source = sourceCount == 1 ? 0 : ledger.records[record].cpu
    if rings[source].records.count - rings[source].taken >= capacity {
      lost.add(1, of: wire_family(UInt32(Family(ledger.records[record].type).rawValue)))
    } else {
      rings[source].records.append(record)
    }
  }

  var isEmpty: Bool { rings.allSatisfy { $0.taken == $0.records.count } }

  func headTimeNS(of source: Int) -> UInt64? { head(source).map { ledger.records[$0].timeNS } }

  func takeHead(of source: Int, into pipeline: inout EventPipeline) {
    let oldest = (0..<sourceCount).filter { headTimeNS(of: $0) != nil }.min {
      headTimeNS(of: $0)! < headTimeNS(of: $1)!
    }
    ledger.check(source == oldest, "source \(source) is read, though the head of \(oldest ?? -1) is the oldest")
    guard let record = head(source) else { return }
    rings[source].taken += 1
    ledger.insert(record, into: &pipeline)
  }

  /// Takes all records, without order, and without a check of the room.
  func takeAll(into pipeline: inout EventPipeline) {
    for source in rings.indices {
      while let record = head(source) {
        rings[source].taken += 1
        ledger.insert(record, into: &pipeline)
      }
    }
  }

  private func head(_ source: Int) -> Int? {
    let ring = rings[source]
    return ring.taken < ring.records.count ? ring.records[ring.taken] : nil
  }
}
