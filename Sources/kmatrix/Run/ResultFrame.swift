import Foundation

/// A test as the guest's plan names it. `backend` is empty for tests that need none.
struct TestID: Codable, Sendable, Hashable {
  var name: String
  var backend: String

  /// `t_probe@ebpf`, or `t_cgroup_parse` without a backend: what expectations' globs are matched with.
  var label: String { backend.isEmpty ? name : "\(name)@\(backend)" }
}

/// One message of the guest on the results channel.
enum ResultFrame: Sendable, Equatable {
  /// The protocol's version that is known here.
  static let version = 2

  struct Hello: Codable, Sendable, Equatable {
    var version: Int
    var program: String
    var release: String
    var machine: String
    var cpus: Int
    /// How many tests may run side by side; with 1 each runs by itself.
    var jobs: Int
    /// What the plan was shuffled with; 0 if it is in its own order.
    var seed: Int
  }

  /// A queue that tests share, said when it is closed.
  struct Queue: Codable, Sendable, Equatable {
    var name: String
    var openMS: Milliseconds
    var closeMS: Milliseconds

    enum CodingKeys: String, CodingKey {
      case name
      case openMS = "open_ms"
      case closeMS = "close_ms"
    }
  }

  struct Outcome: Codable, Sendable, Equatable {
    enum Kind: String, Codable, Sendable { case pass, fail, skip, crash, timeout }
    var index: Int
    var verdict: Kind
    var ms: Milliseconds
    var reason: String
    var output: String
    /// What the test spent on opening and closing queues of its own.
    var openMS: Milliseconds
    var closeMS: Milliseconds

    enum CodingKeys: String, CodingKey {
      case index, verdict, ms, reason, output
      case openMS = "open_ms"
      case closeMS = "close_ms"
    }
  }

  struct End: Codable, Sendable, Equatable {
    var passed: Int
    var failed: Int
    var skipped: Int
    /// The whole plan.
    var ms: Milliseconds
    /// In how much of it the guest's CPUs had nothing to do.
    var idleMS: Milliseconds

    enum CodingKeys: String, CodingKey {
      case passed, failed, skipped, ms
      case idleMS = "idle_ms"
    }
  }

  case hello(Hello)
  /// A hello of another version of the protocol, of which nothing else is read.
  case foreign(version: Int)
  case plan([TestID])
  case start(index: Int, test: TestID)
  case heartbeat(running: [Int], ms: Milliseconds)
  case result(Outcome)
  case queue(Queue)
  case end(End)
}

/// A time as the guest tells it: none is below zero.
struct Milliseconds: Codable, Sendable, Equatable, ExpressibleByIntegerLiteral {
  let value: Int

  init(integerLiteral value: Int) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    value = try container.decode(Int.self)
    guard value >= 0 else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a time of \(value) ms")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }

  var seconds: Double { Double(value) / 1000 }
}

extension ResultFrame: Decodable {
  private enum Key: String, CodingKey { case type, version, tests, index, running, ms }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    switch try fields.decode(String.self, forKey: .type) {
    case "hello":
      let version = try fields.decode(Int.self, forKey: .version)
      self = version == Self.version ? .hello(try Hello(from: decoder)) : .foreign(version: version)
    case "plan": self = .plan(try fields.decode([TestID].self, forKey: .tests))
    case "start":
      self = .start(index: try fields.decode(Int.self, forKey: .index), test: try TestID(from: decoder))
    case "heartbeat":
      self = .heartbeat(
        running: try fields.decode([Int].self, forKey: .running), ms: try fields.decode(Milliseconds.self, forKey: .ms))
    case "result": self = .result(try Outcome(from: decoder))
    case "queue": self = .queue(try Queue(from: decoder))
    case "end": self = .end(try End(from: decoder))
    case let other:
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: fields, debugDescription: "unknown frame type \(other)")
    }
  }
}
