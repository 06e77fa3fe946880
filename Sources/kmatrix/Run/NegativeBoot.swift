/// The proof that a panic is noticed: a guest that panics on purpose must be judged PANIC, with the culprit named and
/// the rest run after a reboot. Then the row passes; anything else is a failure of kmatrix or of the rig.
enum NegativeBoot {
  static let culprit = "x_panic"
  static let survivor = "t_exit_tgid"
  static let command = GuestCommand(tests: ["t_probe", culprit, survivor])

  static func judged(_ result: KernelResult) -> KernelResult {
    var judged = result
    judged.negative = true
    guard result.verdict != .notRun else { return judged }
    let complaints = complaints(result)
    if complaints.isEmpty {
      judged.verdict = .pass
      judged.notes.append("expected panic: \(result.reasons.first ?? "")")
      judged.reasons = []
      for index in judged.tests.indices where judged.tests[index].name == culprit {
        judged.tests[index].verdict = .pass
        judged.tests[index].reason = "panicked the kernel, as it should; judged PANIC and named"
      }
    } else {
      judged.verdict = .fail
      judged.reasons = complaints.map { "the panic on purpose was not judged rightly: \($0)" } + result.reasons
    }
    return judged
  }

  private static func complaints(_ result: KernelResult) -> [String] {
    var complaints: [String] = []
    if result.verdict != .panic { complaints.append("the kernel's verdict is \(result.verdict.rawValue), not PANIC") }
    let named = result.boots.compactMap(\.culprit)
    if named != [culprit] {
      complaints.append("the culprit is \(named.isEmpty ? "not named" : named.joined(separator: " ")), not \(culprit)")
    }
    for test in result.tests where test.name != culprit && test.verdict != .pass {
      complaints.append("\(test.label) is \(test.verdict.rawValue)")
    }
    if !result.tests.contains(where: { $0.name == survivor && $0.boot > 1 }) {
      complaints.append("\(survivor) did not run after a reboot")
    }
    return complaints
  }
}
