import CQuark
import CWire
import Foundation
import QuarkCore
import QuarkLinux
import Testing

@testable import Quark

/// The number of lost records, from the marks of a recording to the counters of a queue.
@Suite struct LossTests {
  @Test func familiesAreToldApart() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "losses.\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var lost = LossCounts(total: 1)
    lost.add(2, of: WIRE_FAMILY_PROCESS)
    lost.add(4, of: WIRE_FAMILY_TTY)
    var recorder = try Recorder(path: path)
    recorder.beginBatch(nowNS: 1, lost: lost)
    let record = [1, 2, 3] as [UInt8]
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    unsafe recorder.append(record.span.bytes)
    try recorder.close()

    var attributes = Queue.Attributes()
    attributes.replay = path
    var queue = try Queue(attributes)
    #expect(queue.sourceName == "replay" && queue.source == .recording)
    #expect(queue.populate() == 1)
    let counters = queue.counters()
    #expect(counters.lost == 7 && counters.malformed == 1)
    #expect(counters.lost_by_family.0 == 2 && counters.lost_by_family.7 == 4)
    #expect(counters.lost_by_family.1 == 0 && counters.lost_by_family.6 == 0)
  }
}
