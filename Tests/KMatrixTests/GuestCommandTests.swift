import Testing

@testable import kmatrix

@Suite struct GuestCommandTests {
  private let plan = [
    TestID(name: "t_a", backend: "ebpf"), TestID(name: "t_a", backend: "kprobe"),
    TestID(name: "t_b", backend: "ebpf"), TestID(name: "t_b", backend: "kprobe"), TestID(name: "t_c", backend: ""),
  ]

  private func reboots(_ remaining: [Int], culprit: Int = 0, options: [String] = []) -> [[String]] {
    let command = GuestCommand(arguments: options, tests: [])
    return KernelRunner.commands(
      for: remaining.map { plan[$0] }, of: plan, without: [plan[culprit]], from: command
    ).map(\.words)
  }

  @Test func argumentsAreSplitAsGetoptDoes() {
    let command = GuestCommand(arguments: ["-bv", "-x", "t_tty", "t_probe"], tests: ["t_fork"])
    #expect(command.options == ["-bv", "-x", "t_tty"])
    #expect(command.tests == ["t_probe", "t_fork"])
    #expect(command.words == ["quark-test", "-bv", "-x", "t_tty", "t_probe", "t_fork"])
    #expect(GuestCommand(arguments: ["-j", "4", "-vs", "9", "t_a"], tests: []).tests == ["t_a"])
    #expect(GuestCommand(arguments: ["--shuffle", "9", "--shuffle=9", "t_a"], tests: []).tests == ["t_a"])
    #expect(GuestCommand(arguments: ["quark-test", "-k"], tests: []).words == ["quark-test", "-k"])
  }

  @Test func wholeNamesTakeOneBoot() {
    #expect(reboots([2, 3, 4]) == [["quark-test", "t_b", "t_c"]])
  }

  @Test func halfANameTakesABackend() {
    #expect(reboots([1, 2, 3, 4]) == [["quark-test", "-k", "t_a", "t_b", "t_c"], ["quark-test", "-b", "t_b"]])
    #expect(reboots([1], options: ["-bk"]) == [["quark-test", "-k", "t_a"]])
    #expect(reboots([1], options: ["-v", "-bkv"]) == [["quark-test", "-v", "-v", "-k", "t_a"]])
  }

  @Test func aFewAreRunAgainRatherThanBootedApart() {
    #expect(reboots([1, 2, 3, 4], culprit: 4) == [["quark-test", "t_a", "t_b", "t_c"]])
    let many = (0..<5).flatMap { name in ["ebpf", "kprobe"].map { TestID(name: "t_\(name)", backend: $0) } }
    func commands(_ remaining: [TestID]) -> [[String]] {
      KernelRunner.commands(for: remaining, of: many, without: [], from: GuestCommand(tests: [])).map(\.words)
    }
    let half = many.filter { $0.backend == "kprobe" }
    #expect(commands(half) == [["quark-test", "-k", "t_0", "t_1", "t_2", "t_3", "t_4"]])
    #expect(commands(Array(half.dropLast())) == [["quark-test", "t_0", "t_1", "t_2", "t_3"]])
  }

  @Test func companyAndOrderAreOptions() {
    var command = GuestCommand(arguments: ["-j", "4"], tests: ["t_a"])
    command.seed = 12
    #expect(command.words == ["quark-test", "-j", "4", "-s", "12", "t_a"])
    let alone = command.alone.only(["t_b"], backend: "kprobe")
    #expect(alone.words == ["quark-test", "-j", "4", "-k", "-s", "12", "-j", "1", "t_b"])
  }

  @Test func longListsAreSplit() {
    let many = (0..<70).map { TestID(name: "t_\($0)", backend: "ebpf") }
    let commands = KernelRunner.commands(for: many, of: many, without: [], from: GuestCommand(tests: []))
    #expect(commands.allSatisfy { $0.words.count <= GuestCommand.maxWords })
    #expect(commands.flatMap(\.tests) == many.map(\.name))
    var command = GuestCommand(tests: [])
    command.seed = 3
    let suspects = KernelRunner.commands(for: many, of: many, without: [], from: command.alone)
    #expect(suspects.allSatisfy { $0.words.count <= GuestCommand.maxWords && $0.isAlone && $0.seed == 3 })
  }
}
