import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux
import Synchronization

/// Set by SIGINT and SIGTERM.
private let isStopping = Atomic<Bool>(false)

// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_mon_main)
public func quarkMonMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  switch unsafe Options.parse(argc, argv) {
  case .exit(let status): return status
  case .run(let options):
    let ruleset: Ruleset
    do { ruleset = try RuleFile.load(options.rules) } catch {
      FileDescriptor.complain("quark-mon: \(error.message)\n")
      return 1
    }
    do { return max(0, try run(options, ruleset)) } catch {
      let more = error.isSummarized && options.verbosity == 0 ? " (-v says more)" : ""
      FileDescriptor.complain("quark-mon: \(options.verbosity > 0 ? error.message : error.summary + more)\n")
      return 1
    }
  }
}

/// Returns the exit status, or `EventOutput.readerGone`.
private func run(_ options: Options, _ ruleset: borrowing Ruleset) throws(QuarkError) -> CInt {
  let stop: @convention(c) (CInt) -> Void = { _ in isStopping.store(true, ordering: .relaxed) }
  clinux_on_first_signal(SIGINT, stop)
  clinux_on_first_signal(SIGTERM, stop)
  // If the reader of our output goes away, that is a normal end: write(2) then fails with EPIPE.
  clinux_ignore_signal(SIGPIPE)
  var files = try OutputFiles(options)
  if let replay = options.terminalReplay {
    return try replay.run(options, &files) { isStopping.load(ordering: .relaxed) }
  }
  var attributes = options.attributes
  unsafe attributes.ruleset = ruleset.storage
  var queue = try Queue(attributes)
  if let path = options.recording { try queue.startRecording(to: path) }
  files.keep()
  if options.dropsPrivileges { try Privileges.drop() }
  explainBackend(queue, verbosity: options.verbosity)
  if options.showsCapabilities {
    try queue.stopRecording()
    return showCapabilities(queue, options, files)
  }
  var status = try monitor(&queue, options, files)
  // If the reader has gone away, no statistics are printed.
  if status != EventOutput.readerGone { FileDescriptor.complain(StatisticsText.block(queue.counters())) }
  if status == 0 { status = conclude(&queue, options, files) }
  try queue.stopRecording()
  return status
}

/// Warns if the backend is not the best one, and prints the hooks if the user asked for them.
private func explainBackend(_ queue: borrowing Queue, verbosity: Int) {
  if !queue.fallbackReason.isEmpty {
    FileDescriptor.complain("quark-mon: using KPROBE, because EBPF failed: \(queue.fallbackReason)\n")
  }
  guard verbosity > 0 else { return }
  FileDescriptor.complain(queue.hooks + "using \(queue.sourceName) for backend\n")
}

/// The exit status, or `EventOutput.readerGone`.
private func showCapabilities(
  _ queue: borrowing Queue, _ options: Options, _ files: borrowing OutputFiles
) -> CInt {
  var output = files.events()
  if options.isJSON {
    CapabilityText.appendJSON(queue, to: &output.text)
  } else {
    CapabilityText.append(queue, to: &output.text)
  }
  return output.flush()
}

/// Everything until a signal ends it, or as many raw events as were asked for are held. The exit status, or
/// `EventOutput.readerGone`.
private func monitor(
  _ queue: inout Queue, _ options: Options, _ files: borrowing OutputFiles
) throws(QuarkError) -> CInt {
  var output = files.events()
  if let length = options.debugLength { try collect(&queue, length, isReplay: options.isReplay) }
  if options.hasSnapshot {
    let status = showSnapshot(queue, &output)
    if status != 0 { return status }
  }
  return options.debugLength == nil ? try showEvents(&queue, options, &output) : 0
}

/// Prints an event in which nothing happened for each existing process. Returns the exit status, or
/// `EventOutput.readerGone`.
private func showSnapshot(_ queue: borrowing Queue, _ output: inout EventOutput) -> CInt {
  var pid: UInt32 = 0
  while let process = unsafe queue.firstProcess(notBelow: pid) {
    var event = unsafe quark_event()
    unsafe event.process = process
    let status = unsafe output.show(event)
    if status != 0 { return status }
    pid = unsafe process.pointee.pid + 1
  }
  return output.flush()
}

/// Collects raw events until this many wait in the queue, or until a recording has no more. None leaves the queue.
private func collect(_ queue: inout Queue, _ length: Int, isReplay: Bool) throws(QuarkError) {
  while !isStopping.load(ordering: .relaxed) {
    let count = queue.populate()
    if queue.length >= length || isReplay && count == 0 { return }
    if !isReplay { _ = try wait(queue, milliseconds: 100) }
  }
}

private func showEvents(
  _ queue: inout Queue, _ options: Options, _ output: inout EventOutput
) throws(QuarkError) -> CInt {
  var ticker = Ticker()
  while !isStopping.load(ordering: .relaxed) {
    if let event = unsafe queue.nextEvent() {
      if options.isBenchmark { continue }
      if let parent = options.parent, unsafe !isOfChild(event.pointee, of: parent) { continue }
      let status = unsafe output.show(event.pointee)
      if status != 0 { return status }
      continue
    }
    // Write everything before waiting for new events.
    let status = output.flush()
    if status != 0 { return status }
    if options.isBenchmark { ticker.tick(queue) }
    if !(try wait(queue, milliseconds: 1000)) { break }
  }
  return output.flush()
}

/// False if the event's process has another parent. True if there is no process, or if its parent is not known.
@unsafe private func isOfChild(_ event: quark_event, of parent: UInt32) -> Bool {
  guard let process = unsafe event.process, unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0 else {
    return true
  }
  return unsafe process.pointee.proc_ppid == parent
}

/// Waits; a signal ends this, and is not an error. False at the end of a recording.
private func wait(_ queue: borrowing Queue, milliseconds: Int) throws(QuarkError) -> Bool {
  do {
    try queue.block(milliseconds: milliseconds)
    return true
  } catch where error.rawValue == EINTR { return true } catch where error.rawValue == ENODATA { return false } catch {
    throw QuarkError("wait for events", error)
  }
}

/// Writes what the user wants at the end. Returns the exit status, or `EventOutput.readerGone`.
private func conclude(_ queue: inout Queue, _ options: Options, _ files: borrowing OutputFiles) -> CInt {
  var status: CInt = 0
  if options.hasTree {
    var output = files.events()
    status = Graphs.drawTree(queue, to: &output)
  }
  if status == 0, var output = files.processGraph() { status = Graphs.writeProcesses(queue, to: &output) }
  if status == 0, var output = files.rawEvents(.byTime) { status = Graphs.writeRawEvents(&queue, .byTime, to: &output) }
  if status == 0, var output = files.rawEvents(.byPIDTime) {
    status = Graphs.writeRawEvents(&queue, .byPIDTime, to: &output)
  }
  return status
}
