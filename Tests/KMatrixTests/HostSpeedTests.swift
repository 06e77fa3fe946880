import Testing

@testable import kmatrix

@Suite struct HostSpeedTests {
  @Test(arguments: [
    ("Name:\tkmatrix\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\tf,00000001\n", 5),
    ("Cpus_allowed:\t00\n", nil), ("Cpus_allowed_list:\t0-1\n", nil), ("", nil),
  ] as [(String, Int?)])
  func coresAreThoseAllowed(_ status: String, _ cores: Int?) {
    #expect(HostSpeed.allowedCores(status) == cores)
  }

  @Test func limitsStretch() {
    let budget = BootBudget(slowdown: 2.05, limits: BootBudget.Limits(run: 100))
    #expect([budget.boot, budget.run, budget.test, budget.silence, budget.grace, budget.stall] == [62, 205, 62, 62, 41, 44])
    #expect(BootBudget(slowdown: 20).stall == 300)
  }

  @Test func aBudgetNeverShrinks() async {
    #expect(await BootBudget(slowdown: 8).remeasured() == BootBudget(slowdown: 8))
  }
}
