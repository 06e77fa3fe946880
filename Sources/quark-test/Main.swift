import CLinux
import GuestInit
import QuarkLinux

// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_test_main)
public func quarkTestMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  // A guest has no room for a second C library.
  if getpid() == 1 { return unsafe runAsInit(argc, argv) }
  switch unsafe Options.parse(argc, argv) {
  case .exit(let status): return status
  case .run(let options):
    var runner = Runner(options, channel: ResultChannel.ofEnvironment())
    return runner.run()
  }
}

/// An environment variable.
func environment(_ name: String) -> String? {
  unsafe clinux_environment(name).map { unsafe String(cString: $0) }
}

func printOut(_ text: String) {
  let bytes = Array(text.utf8)
  try? FileDescriptor.writeAll(bytes.span, to: STDOUT_FILENO)
}
