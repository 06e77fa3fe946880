import ArgumentParser
import Foundation
import Simulator

/// Plays rounds of the simulator, one seed for each round, on all cores.
@main
struct QuarkSim: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quark-sim", abstract: "The queue against a model of it, on a simulated machine.")

  @Option(help: "The first round's seed; those after it count up. By chance, unless given.")
  var seed: UInt64 = .random(in: 0..<1_000_000_000)
  @Option(help: "Rounds to play.")
  var rounds: UInt64 = 1000
  @Option(help: "Records of a round.")
  var records = 10000
  @Flag(help: "On a machine with 300 pids that loses records, judged by what was.")
  var losses = false

  func validate() throws {
    guard rounds > 0 else { throw ValidationError("a round or more") }
    guard records > 0 else { throw ValidationError("a round has a record or more") }
  }

  func run() async throws {
    print("seeds \(seed) and up, \(rounds) rounds of \(records) records")
    if losses { return try await playLosses() }
    let clock = ContinuousClock()
    let start = clock.now
    var totals = Round.Totals()
    var failures: [Failure] = []
    let workers = ProcessInfo.processInfo.activeProcessorCount
    await withTaskGroup(of: (Round.Totals, Failure?).self) { group in
      for worker in 0..<UInt64(workers) { group.addTask { play(from: worker, step: UInt64(workers)) } }
      for await (part, failure) in group {
        totals += part
        if let failure { failures.append(failure) }
      }
    }
    let seconds = ((clock.now - start) / .milliseconds(100)).rounded() / 10
    print("\(totals.summary) in \(seconds) s on \(workers) cores")
    guard let failure = failures.min(by: { $0.parameters.seed < $1.parameters.seed }) else { return }
    print(failure.report)
    throw ExitCode.failure
  }

  private func playLosses() async throws {
    let workers = UInt64(ProcessInfo.processInfo.activeProcessorCount)
    var totals = LossRound.Totals()
    var failures: [String] = []
    await withTaskGroup(of: (LossRound.Totals, String?).self) { group in
      for worker in 0..<workers {
        group.addTask {
          var totals = LossRound.Totals()
          for round in stride(from: worker, to: rounds, by: Int(workers)) {
            do throws(Violation) {
              totals += try LossRound.play(seed: seed &+ round, recordCount: records)
            } catch {
              let again = "quark-sim --losses --seed \(seed &+ round) --rounds 1 --records \(records)"
              return (totals, "\(error.message)\n\(again)")
            }
          }
          return (totals, nil)
        }
      }
      for await (part, failure) in group {
        totals += part
        if let failure { failures.append(failure) }
      }
    }
    print(totals.summary)
    for failure in failures { print(failure) }
    if !failures.isEmpty { throw ExitCode.failure }
  }

  /// Plays every `step`th round, up to the first that fails.
  private func play(from first: UInt64, step: UInt64) -> (Round.Totals, Failure?) {
    var totals = Round.Totals()
    for round in stride(from: first, to: rounds, by: Int(step)) {
      let parameters = Parameters(seed: seed &+ round, recordCount: records)
      do {
        totals += try Round.play(parameters)
      } catch {
        return (totals, Failure(parameters, error).shrunk())
      }
    }
    return (totals, nil)
  }
}
