import Foundation
import Subprocess
import SystemPackage

/// How fast this machine is now, for the time limits.
enum HostSpeed {
  /// A loop of the shell: the same work whatever kmatrix was built with, and much like the branchy code of an emulator.
  private static let loop = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
  /// What it takes, in seconds, on the idle machine that the limits were chosen on.
  private static let reference = 0.10
  /// Faster machines keep the limits; one that seems slower than this is broken rather than slow.
  private static let bounds = 1.0...8.0

  /// Those that this process may use, and so its guests: taskset(1) takes some away.
  static var cores: Int {
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    return status.flatMap(allowedCores) ?? ProcessInfo.processInfo.activeProcessorCount
  }

  /// Counts the bits of `Cpus_allowed: f,00000003`, see proc_pid_status(5). nil if there is none.
  static func allowedCores(_ status: String) -> Int? {
    let mask = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }?.dropFirst(13)
    let count = mask?.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) } ?? 0
    return count > 0 ? count : nil
  }

  /// How many guests with `cpus` processors run at a time if nobody says it.
  static func jobs(cpus: Int) -> Int { max(1, cores / cpus) }

  /// Measures the slowdown with `jobs` loops at a time, for that is how guests will run.
  static func measureSlowdown(jobs: Int) async -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<jobs {
        group.addTask {
          _ = try? await Subprocess.run(.path("/bin/sh"), arguments: ["-c", loop], output: .discarded)
        }
      }
    }
    let seconds = (clock.now - start) / .seconds(1)
    let slowdown = min(max(seconds / reference, bounds.lowerBound), bounds.upperBound)
    return (slowdown * 10).rounded() / 10
  }
}

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
