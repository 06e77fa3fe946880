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
    if options.verbosity > 0 { FileDescriptor.complain("using ebpf for backend\n") }
    var status = options.hasSnapshot ? showSnapshot(queue) : 0
    if status == 0 { status = monitor(&queue) }
    FileDescriptor.complain(StatisticsText.block(queue.statistics()))
    try queue.stopRecording()
    return max(0, status)
  } catch {
    FileDescriptor.complain("quark-mon: \(error.message)\n")
    return 1
  }
}

/// What is printed when the reader of our output has gone away: an end, but no failure.
private let readerGone: CInt = -1

/// Prints an event without a word of what happened for each process that there is. The exit status, or `readerGone`.
private func showSnapshot(_ queue: borrowing Queue) -> CInt {
  var text = ByteBuffer()
  var pid: UInt32 = 0
  while let process = unsafe queue.firstProcess(notBelow: pid) {
    var event = unsafe quark_event()
    unsafe event.process = process
    let status = unsafe show(event, &text)
    if status != 0 { return status }
    pid = unsafe process.pointee.pid + 1
  }
  return 0
}

/// Writes one event. The exit status, or `readerGone`.
private func show(_ event: quark_event, _ text: inout ByteBuffer) -> CInt {
  text.removeAll()
  _ = unsafe EventText.append(event, to: &text)
  do { try FileDescriptor.writeAll(text.bytes.span, to: STDOUT_FILENO) } catch where error.rawValue == EPIPE {
    return readerGone
  } catch {
    FileDescriptor.complain("quark-mon: cannot write to standard output: \(error.description)\n")
    return 1
  }
  return 0
}

/// Prints events until a signal ends it. The exit status, or `readerGone`.
private func monitor(_ queue: inout Queue) -> CInt {
  var text = ByteBuffer()
  while !isStopping.load(ordering: .relaxed) {
    guard let event = unsafe queue.nextEvent() else {
      do { try queue.block() } catch where error.rawValue == EINTR { continue } catch {
        FileDescriptor.complain("quark-mon: cannot wait for events: \(error.description)\n")
        return 1
      }
      continue
    }
    let status = unsafe show(event.pointee, &text)
    if status != 0 { return status }
  }
  return 0
}
