/// A round that failed, and how to repeat it.
package struct Failure: Sendable {
  package private(set) var parameters: Parameters
  private var message: String

  package init(_ parameters: Parameters, _ violation: Violation) {
    self.parameters = parameters
    message = violation.message
  }

  /// The same with as few records as possible with which it still fails.
  package func shrunk() -> Failure {
    var smallest = self
    var (passing, failing) = (0, parameters.recordCount)
    while failing - passing > 1 {
      let count = (passing + failing) / 2
      let fewer = Parameters(seed: parameters.seed, recordCount: count)
      do {
        _ = try Round.play(fewer)
        passing = count
      } catch {
        (smallest, failing) = (Failure(fewer, error), count)
      }
    }
    return smallest
  }

  package var report: String {
    """
    \(message)
    \(parameters)
    make sim SEED=\(parameters.seed) ROUNDS=1 RECORDS=\(parameters.recordCount)
    """
  }
}

extension Round.Totals {
  package var summary: String {
    "\(records) records: \(taken) taken, \(lost) lost, \(refused) refused, \(malformed) malformed; \(late) late, "
      + "\(events) events, \(collected) processes forgotten; \(played) raw events played"
  }
}
