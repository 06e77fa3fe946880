/// How long things may take, in seconds, on this machine: the limits chosen for an idle reference machine, times how
/// much slower this one is.
struct BootBudget: Sendable, Equatable {
  /// Until init's banner.
  var boot: Int
  /// The whole boot with all its tests.
  var run: Int
  /// One test: quark-test ends it after that.
  var test: Int
  /// Without a word on the results channel, though a running test has a heartbeat each second.
  var silence: Int
  /// What krun.sh may take beyond `run` before it is ended itself.
  var grace: Int

  init(slowdown: Double, run: Int = 300) {
    func scaled(_ seconds: Int) -> Int { Int((Double(seconds) * slowdown).rounded(.up)) }
    boot = scaled(30)
    self.run = scaled(run)
    test = scaled(30)
    silence = scaled(30)
    grace = scaled(20)
  }
}
