/// How long things may take, in seconds, on this machine: the limits chosen for an idle reference machine, times how
/// much slower this one is.
struct BootBudget: Sendable, Equatable {
  /// On the reference machine.
  struct Limits: Sendable, Equatable {
    /// Until init's banner.
    var boot = 30
    /// The whole boot with all its tests.
    var run = 300
    /// One test: quark-test ends it after that.
    var test = 30
    /// Without a word on the results channel, though quark-test has a heartbeat each second.
    var silence = 30
    /// What krun.sh may take beyond `run` before it is ended itself.
    var grace = 20
  }

  var limits: Limits
  var slowdown: Double

  init(slowdown: Double, limits: Limits = Limits()) {
    self.slowdown = slowdown
    self.limits = limits
  }

  var boot: Int { scaled(limits.boot) }
  var run: Int { scaled(limits.run) }
  var test: Int { scaled(limits.test) }
  var silence: Int { scaled(limits.silence) }
  var grace: Int { scaled(limits.grace) }

  private func scaled(_ seconds: Int) -> Int { Int((Double(seconds) * slowdown).rounded(.up)) }

  /// For a boot that begins now: others may have come to use this machine since the run began. That it has become
  /// faster is not believed, for a guest may have come to its end at the very moment of the measurement.
  func remeasured() async -> BootBudget {
    BootBudget(slowdown: max(slowdown, await HostSpeed.measureSlowdown(jobs: 1)), limits: limits)
  }
}
