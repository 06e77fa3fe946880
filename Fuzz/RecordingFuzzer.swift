import CQuark

/// Fuzzes a recording and its records, and then plays it in a queue: with any times in it, all raw events that entered
/// leave again, as events in which every byte can be read.
func fuzzRecording(_ bytes: RawSpan) {
  guard var cursor = try? RecordingCursor(bytes) else { return }
  var pipeline = EventPipeline(
    quark_queue_attr(
      flags: QQ_ENTRY_LEADER, max_length: 64, cache_grace_time: 10, hold_time: 10, max_env: 4096, kubefd: -1,
      ruleset: nil, ring_size: 0, replay: nil), stringLimit: 1 << 20)
  var upgrade = RecordUpgrade(version: cursor.header.version)
  var nowNS = cursor.header.start_boot_ns
  pipeline.setClock(nowNS: nowNS)
  var (end, records) = (0, 0)
  while let frame = cursor.next(bytes) {
    switch frame {
    case .mark(let markNS, let lost):
      nowNS = max(nowNS, markNS)
      pipeline.setClock(nowNS: nowNS)
      pipeline.noteLosses(lost)
    case .record(let range):
      precondition(range.lowerBound > end && range.upperBound <= bytes.byteCount, "forwards, and within the bytes")
      end = range.upperBound
      records += 1
      upgrade.lend(bytes.extracting(range)) {
        fuzzRecord($0)
        pipeline.insert(record: $0)
      }
      takeEvents(of: &pipeline, nowNS: nowNS, wallOffsetNS: cursor.header.wall_offset_ns)
    }
  }
  precondition(cursor.records == records)
  switch cursor.ending {
  case .closed: break
  case .truncated(let offset), .damaged(let offset): precondition(offset >= end)
  case nil: preconditionFailure("it ended")
  }
  pipeline.isOver = true
  takeEvents(of: &pipeline, nowNS: nowNS, wallOffsetNS: cursor.header.wall_offset_ns)
  precondition(pipeline.length == 0, "nothing is held for ever")
  // Reconcile as on a machine where all processes are gone.
  for turn in 0..<3 as Range<UInt64> { pipeline.reconcile(nowNS: .max - 3 + turn) { _ in .gone } }
  precondition(pipeline.processes.strings.reserved <= 1 << 20)
}

private func takeEvents(of pipeline: inout EventPipeline, nowNS: UInt64, wallOffsetNS: UInt64) {
  while let event = pipeline.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS) {
    if event.pointee.module_load != nil || event.pointee.shm != nil || event.pointee.tty != nil {
      var text = ByteBuffer()
      _ = EventText.append(event.pointee, to: &text)
    }
    guard let process = event.pointee.process?.pointee else { continue }
    for text in [process.exe, process.cwd, process.cgroup, process.script] { sum(text) }
    sum(process.cmdline, count: process.cmdline_len)
    sum(process.env, count: process.env_len)
  }
}

/// Reads all bytes, so that the address sanitizer reports those that cannot be read.
private func sum(_ text: UnsafeMutablePointer<CChar>?, count: Int? = nil) {
  guard let text else { return }
  var (index, sum) = (0, 0)
  while count.map({ index < $0 }) ?? (text[index] != 0) {
    sum &+= Int(text[index])
    index += 1
  }
  withExtendedLifetime(sum) {}
}
