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
    if options.verbosity > 0 { FileDescriptor.complain("using ebpf for backend\n") }
    let status = monitor(&queue)
    FileDescriptor.complain(StatisticsText.block(queue.statistics()))
    return status
  } catch {
    FileDescriptor.complain("quark-mon: \(error.message)\n")
    return 1
  }
}

/// Prints events until a signal ends it. The exit status.
private func monitor(_ queue: inout Queue) -> CInt {
  var text = ByteBuffer()
  while !isStopping.load(ordering: .relaxed) {
    guard let event = unsafe queue.nextEvent() else {
      do { try queue.block() } catch where error.rawValue == EINTR { continue } catch {
        FileDescriptor.complain("quark-mon: cannot wait for events: errno \(error.rawValue)\n")
        return 1
      }
      continue
    }
    text.removeAll()
    _ = unsafe EventText.append(event.pointee, to: &text)
    do { try FileDescriptor.writeAll(text.bytes.span, to: STDOUT_FILENO) } catch where error.rawValue == EPIPE {
      return 0
    } catch {
      FileDescriptor.complain("quark-mon: cannot write to standard output: errno \(error.rawValue)\n")
      return 1
    }
  }
  return 0
}
