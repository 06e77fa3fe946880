/// A recording, with what its records say.
func fuzzRecording(_ bytes: RawSpan) {
  guard var cursor = try? RecordingCursor(bytes) else { return }
  var (end, records) = (0, 0)
  while let frame = cursor.next(bytes) {
    guard case .record(let range) = frame else { continue }
    precondition(range.lowerBound > end && range.upperBound <= bytes.byteCount, "forwards, and within the bytes")
    end = range.upperBound
    records += 1
    fuzzRecord(bytes.extracting(range))
  }
  precondition(cursor.records == records)
  switch cursor.ending {
  case .closed: break
  case .truncated(let offset), .damaged(let offset): precondition(offset >= end)
  case nil: preconditionFailure("it ended")
  }
}
