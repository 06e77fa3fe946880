/// How one run of krun.sh ended.
enum BootEnd: Sendable, Equatable {
  case exited(Int)
  /// krun.sh itself died of a signal.
  case signaled(Int)
  /// krun.sh could not be started at all.
  case notStarted(String)
  /// The guest said nothing on the results channel for so many seconds, and was ended.
  case silent(seconds: Int)
  /// krun.sh did not keep its own time limit, and was ended.
  case overdue(seconds: Int)
  /// The disk is full, so that the logs may be short of anything.
  case noSpace(String)
  /// The user ended the run.
  case interrupted
}

/// Everything one boot left behind.
struct BootArtifacts: Sendable {
  var end: BootEnd
  var console: [UInt8]
  var channel: [UInt8]
  /// krun.sh's own messages.
  var messages: String
  var nonce: String
  var seconds: Double
  /// From the start of krun.sh to the guest's hello; nil if that was not seen while it ran.
  var helloSeconds: Double?
  /// What the limits were stretched by.
  var slowdown = 1.0
}
