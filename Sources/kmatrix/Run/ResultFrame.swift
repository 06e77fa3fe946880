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
  struct Hello: Codable, Sendable, Equatable {
    var version: Int
    var program: String
    var release: String
    var machine: String
    var cpus: Int
  }

  struct Outcome: Codable, Sendable, Equatable {
    enum Kind: String, Codable, Sendable { case pass, fail, skip, crash, timeout }
    var index: Int
    var verdict: Kind
    var ms: Int
    var reason: String
    var output: String
  }

  struct End: Codable, Sendable, Equatable {
    var passed: Int
    var failed: Int
    var skipped: Int
  }

  case hello(Hello)
  case plan([TestID])
  case start(index: Int, test: TestID)
  case heartbeat(index: Int, ms: Int)
  case result(Outcome)
  case end(End)
}

extension ResultFrame: Decodable {
  private enum Key: String, CodingKey { case type, tests, index, name, backend, ms }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    switch try fields.decode(String.self, forKey: .type) {
    case "hello": self = .hello(try Hello(from: decoder))
    case "plan": self = .plan(try fields.decode([TestID].self, forKey: .tests))
    case "start":
      self = .start(index: try fields.decode(Int.self, forKey: .index), test: try TestID(from: decoder))
    case "heartbeat":
      self = .heartbeat(
        index: try fields.decode(Int.self, forKey: .index), ms: try fields.decode(Int.self, forKey: .ms))
    case "result": self = .result(try Outcome(from: decoder))
    case "end": self = .end(try End(from: decoder))
    case let other:
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: fields, debugDescription: "unknown frame type \(other)")
    }
  }
}
