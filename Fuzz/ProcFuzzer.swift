/// Fuzzes the content of the files in /proc/PID, and the targets of the links.
func fuzzProc(_ bytes: RawSpan) {
  unsafe bytes.withUnsafeBytes { buffer in
    let text = unsafe Span<UInt8>(_unsafeBytes: buffer)
    checkStatus(text)
    checkStat(text)
    var process = ScrapedProcess()
    for pid in 1...2 as ClosedRange<UInt32> {
      process.begin(pid: pid)
      process.setStatus(text)
      process.setStat(text, ticksPerSecond: 100)
      process.setComm(text)
      process.setNamespace(.net, text)
      process.setExe(text)
      process.setCmdline(text)
      process.setCgroup(text)
      process.setEnvironment(text)
    }
    precondition(process.task.comm.15 == 0)
    precondition(process.exe.count == text.count && process.cmdline.count == text.count)
    precondition(process.cmdline.isEmpty || process.cmdline[text.count - 1] == 0)
  }
}

/// A text that was cut may only lack values: a part of the text must not give a value that the whole text does not
/// give.
private func checkStatus(_ text: Span<UInt8>) {
  let whole = ProcStatus(text)
  let part = ProcStatus(text.extracting(..<(text.count / 2)))
  precondition(part.pid == nil || part.pid == whole.pid)
  precondition(part.ppid == nil || part.ppid == whole.ppid)
  precondition(part.user == nil || part.user == whole.user)
  precondition(part.effective == nil || part.effective == whole.effective)
  precondition(part.ambient == nil || part.ambient == whole.ambient)
}

private func checkStat(_ text: Span<UInt8>) {
  let stat = ProcStat(text)
  guard let ticks = stat.startTicks else { return }
  let startNS = stat.startNS(ticksPerSecond: 100)
  precondition(startNS == nil ? ticks > UInt64.max / 10_000_000 : startNS == ticks * 10_000_000)
  precondition(stat.startNS(ticksPerSecond: 1_000_000_000) == ticks)
  if let tty = stat.tty, let major = stat.ttyMajor, let minor = stat.ttyMinor {
    precondition(minor & 0xff | major << 8 | (minor & ~0xff) << 12 == tty, "new_encode_dev() of the two is the number")
  }
}
