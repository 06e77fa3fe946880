import Glibc
import Quark

/// `quark-swift-test [rounds]`: tests the Swift interface of the library in a guest, with each backend. Prints TAP and
/// exits with the number of failures.
@main struct Main {
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count <= 1, let rounds = Int(arguments.first ?? "5"), rounds > 0 else {
      print("usage: quark-swift-test [rounds]")
      exit(99)
    }
    var (count, failures): (Int, CInt) = (0, 0)
    for (backend, name) in [(Queue.Backends.ebpf, "EBPF"), (.kprobe, "KPROBE")] {
      for test in tests {
        count += 1
        do {
          try await test.run(backend, rounds)
          print("ok \(count) - \(name): \(test.name)")
        } catch {
          failures += 1
          print("not ok \(count) - \(name): \(test.name)\n# \((error as? Wrong)?.words ?? "\(error)")")
        }
        fflush(nil)
      }
    }
    print("1..\(count)")
    exit(min(failures, 98))
  }
}
