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
  case .run(let options): return run(options)
  }
}

private func run(_ options: Options) -> CInt {
  let stop: @convention(c) (CInt) -> Void = { _ in isStopping.store(true, ordering: .relaxed) }
  clinux_on_signal(SIGINT, stop)
  clinux_on_signal(SIGTERM, stop)
  // A reader of our output that goes away is an ordinary end: write(2) then says EPIPE.
  clinux_ignore_signal(SIGPIPE)
  do {
    var queue = try Queue(options.attributes)
    if let path = options.recording { try queue.startRecording(to: path) }
    explainBackend(queue, verbosity: options.verbosity)
    var output = EventOutput()
    var status = options.hasSnapshot ? showSnapshot(queue, &output) : 0
    if status == 0 { status = monitor(&queue, &output) }
    FileDescriptor.complain(StatisticsText.block(queue.statistics()))
    try queue.stopRecording()
    return max(0, status)
  } catch {
    FileDescriptor.complain("quark-mon: \(error.message)\n")
    return 1
  }
}

/// A backend that is not the best one is worth a warning; which means of the kernel are used is for who asks.
private func explainBackend(_ queue: borrowing Queue, verbosity: Int) {
  if !queue.fallbackReason.isEmpty {
    FileDescriptor.complain("quark-mon: using KPROBE, for EBPF failed: \(queue.fallbackReason)\n")
  }
  guard verbosity > 0 else { return }
  let name = queue.statistics().backend == QQ_EBPF ? "ebpf" : "kprobe"
  FileDescriptor.complain(queue.hooks + "using \(name) for backend\n")
}

/// Prints an event without a word of what happened for each process that there is. The exit status, or
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

/// Prints events until a signal ends it. The exit status, or `EventOutput.readerGone`.
private func monitor(_ queue: inout Queue, _ output: inout EventOutput) -> CInt {
  while !isStopping.load(ordering: .relaxed) {
    if let event = unsafe queue.nextEvent() {
      let status = unsafe output.show(event.pointee)
      if status != 0 { return status }
      continue
    }
    // Nothing waits in memory while nothing happens.
    let status = output.flush()
    if status != 0 { return status }
    do { try queue.block(milliseconds: 1000) } catch where error.rawValue == EINTR { continue } catch {
      FileDescriptor.complain("quark-mon: cannot wait for events: \(error.description)\n")
      return 1
    }
  }
  return output.flush()
}
