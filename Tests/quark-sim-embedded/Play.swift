import Simulator

/// Plays one round per seed, up to the first that fails. Returns the exit status.
func play(seed: UInt64, rounds: UInt64, records: Int) -> Int32 {
  var totals = Round.Totals()
  for round in 0..<rounds {
    let parameters = Parameters(seed: seed &+ round, recordCount: records)
    do {
      totals += try Round.play(parameters)
    } catch {
      print(Failure(parameters, error).shrunk().report)
      return 1
    }
  }
  print("seeds \(seed) and up, \(rounds) rounds, Embedded build: \(totals.summary)")
  return 0
}
