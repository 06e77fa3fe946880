/// How long an event is held back so that older ones can still arrive: the whole hold time while the queue is nearly
/// empty, less as it fills, and 0 from nine tenths on. Clients depend on these numbers: integer division truncates at
/// every step.
struct HoldTime: Sendable {
  /// The longest time: the ramp begins one millisecond above the hold time.
  let longestNS: UInt64

  private let holdTimeMS: Int
  private let rampStart: Int
  private let rampEnd: Int
  /// Milliseconds less per `eventsPerStep` events more.
  private let stepMS: Int
  private let eventsPerStep: Int

  /// `maxLength`: raw events; both at least 1.
  init(maxLength: Int, holdTimeMS: Int) {
    self.holdTimeMS = holdTimeMS
    longestNS = UInt64(holdTimeMS + 1) * 1_000_000
    rampStart = maxLength / 10
    rampEnd = maxLength / 10 * 9
    stepMS = maxLength > holdTimeMS ? 1 : holdTimeMS / maxLength
    eventsPerStep = maxLength > holdTimeMS ? maxLength / holdTimeMS : 1
  }

  /// The age in nanoseconds from which an event is delivered, with `length` raw events waiting.
  @inline(__always)
  func targetNS(length: Int) -> UInt64 {
    if length < rampStart { return nanoseconds(holdTimeMS) }
    guard length < rampEnd else { return 0 }
    return nanoseconds(holdTimeMS - length / eventsPerStep * stepMS + 1)
  }

  private func nanoseconds(_ milliseconds: Int) -> UInt64 { UInt64(max(0, milliseconds)) &* 1_000_000 }
}
