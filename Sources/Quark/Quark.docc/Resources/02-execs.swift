import Glibc
import Quark

/// Prints each exec on this machine as it happens.
@main struct ExecWatch {
  static func main() async throws {
    let events = try Queue().events()
    for try await batch in events {
      if batch.dropped > 0 { print("\(batch.dropped) events were dropped") }
      for event in batch where event.kinds.contains(.exec) {
        guard let process = event.process else { continue }
        print(process.pid, process.executable ?? process.command, process.arguments)
      }
      // Print at once, also if standard output is a file.
      fflush(nil)
    }
  }
}
