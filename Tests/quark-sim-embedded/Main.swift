import QuarkLinux

// The simulator in the build that ships: without Swift's runtime, optimized, and with the queue of that build. It uses
// one core and has no options: `quark-sim-embedded SEED ROUNDS RECORDS`.

// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_sim_embedded_main)
public func quarkSimEmbeddedMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  let numbers = (1..<max(1, Int(argc))).compactMap { index in
    unsafe argv[index].flatMap { unsafe UInt64(String(cString: $0)) }
  }
  guard argc == 4, numbers.count == 3, numbers[2] > 0 else {
    FileDescriptor.complain("usage: quark-sim-embedded seed rounds records\n")
    return 2
  }
  return play(seed: numbers[0], rounds: numbers[1], records: Int(numbers[2]))
}
