import Foundation
import Subprocess
import SystemPackage

/// Measures how fast this machine is now, for the time limits.
enum HostSpeed {
  /// A loop of the shell. It is the same work however kmatrix was built, and has many branches, as an emulator has.
  private static let loop = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
  /// How long the loop takes, in seconds, on the idle machine for which the limits were chosen.
  private static let reference = 0.10
  /// A faster machine keeps the limits. A machine that seems slower than the upper bound is broken rather than slow.
  private static let bounds = 1.0...8.0

  /// The number of processors that this process, and so its guests, may use. taskset(1) can make it smaller.
  static var cores: Int {
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    return status.flatMap(allowedCores) ?? ProcessInfo.processInfo.activeProcessorCount
  }

  /// Counts the bits of `Cpus_allowed: f,00000003`, see proc_pid_status(5). nil if there is no such line.
  static func allowedCores(_ status: String) -> Int? {
    let mask = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }?.dropFirst(13)
    let count = mask?.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) } ?? 0
    return count > 0 ? count : nil
  }

  /// How many guests with `cpus` processors run at a time by default. With two they have nothing to do half of the
  /// time: two such guests at once take two thirds of the time of one after the other.
  static func jobs(cpus: Int) -> Int { max(1, cores / max(1, cpus / 2)) }

  /// Measures the slowdown with `jobs` loops at a time, because that is how guests will run.
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

/// The time limits on this machine, in seconds: those of an idle reference machine, multiplied by how much slower this
/// machine is.
struct BootBudget: Sendable, Equatable {
  /// The limits on the reference machine, in seconds.
  struct Limits: Sendable, Equatable {
    /// From the start of the guest to init's banner.
    var boot = 30
    /// The whole boot with all its tests.
    var run = 300
    /// One test: quark-test ends it after this time.
    var test = 30
    /// How long the results channel may be silent; quark-test sends a heartbeat each second.
    var silence = 30
    /// Until a kernel complains of a CPU that stands still.
    var stall = 21
    /// How much longer than `run` krun.sh may take before it is ended itself.
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
  /// How long the kernel waits before it complains of a CPU that does nothing, which is what a guest looks like whose
  /// host is busy: RCU_CPU_STALL_TIMEOUT is 21 in Debian's kernels, and 300 is the most that the kernel takes.
  var stall: Int { min(300, scaled(limits.stall)) }

  private func scaled(_ seconds: Int) -> Int { Int((Double(seconds) * slowdown).rounded(.up)) }

  /// The budget of a boot that begins now: other programs may have begun to use this machine since the run began. A
  /// smaller slowdown is not believed, because a guest may have ended just during the measurement.
  func remeasured() async -> BootBudget {
    BootBudget(slowdown: max(slowdown, await HostSpeed.measureSlowdown(jobs: 1)), limits: limits)
  }
}
