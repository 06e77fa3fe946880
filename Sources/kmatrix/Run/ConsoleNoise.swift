/// Console lines that look like trouble and are known not to be. An entry needs a reason that will convince the next
/// reader: a real problem hidden here is a problem shipped.
struct ConsoleNoise: Sendable {
  var contains: String
  var reason: String

  static let all = [
    ConsoleNoise(
      contains: "unchecked MSR access error:",
      reason: "emulated CPUs lack model-specific registers that the kernel probes; it catches the fault, and the "
        + "call trace it prints is its whole effect")
  ]
}
