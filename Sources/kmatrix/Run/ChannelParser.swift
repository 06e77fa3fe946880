import Foundation

/// Reads the results channel: lines `@Q <nonce> <seq> <crc32> <json>`, with any other lines in between.
///
/// It is strict, because verdicts rest on it. A frame counts only if its nonce is that of this boot, its checksum is
/// right, its number is the next one and its JSON is of a known kind. Anything else is a fault.
struct ChannelParser {
  /// Something that is wrong with the channel, and in which line. Line numbers start at 1.
  struct Fault: Sendable, Equatable, CustomStringConvertible {
    var line: Int
    var reason: String
    var description: String { "channel line \(line): \(reason)" }
  }

  private(set) var transcript = ChannelTranscript()
  private(set) var faults: [Fault] = []
  /// The number of lines that are not frames. They are tolerated, because the kernel may write to the same serial line.
  private(set) var garbageLines = 0
  private(set) var frameCount = 0

  private let nonce: [UInt8]
  private var pending: [UInt8] = []
  private var line = 0
  private var nextSequence = 0
  /// How many frames were so damaged that their numbers cannot be trusted. They explain as many missing frames.
  private var damagedSinceLast = 0

  private static let marker = Array("@Q".utf8)
  /// More bytes than any frame has. A longer line is cut off here, and its checksum is wrong then: a guest that never
  /// ends its line must not fill the memory.
  private static let lineLimit = 256 << 10
  /// A guest that floods the channel must not flood the reports. With the first fault the boot has failed.
  private static let faultLimit = 100

  init(nonce: String) {
    self.nonce = Array(nonce.utf8)
  }

  /// Parses a whole channel at once.
  init(nonce: String, whole bytes: some Sequence<UInt8>) {
    self.init(nonce: nonce)
    feed(bytes)
    finish()
  }

  mutating func feed(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        line += 1
        take(pending)
        pending.removeAll(keepingCapacity: true)
      } else if pending.count < Self.lineLimit {
        pending.append(byte)
      }
    }
  }

  /// To be called when no more bytes will come. A last line without a newline was cut off.
  mutating func finish() {
    guard !pending.isEmpty else { return }
    line += 1
    if pending.starts(with: Self.marker) {
      fault("the last frame is cut off")
    } else {
      garbageLines += 1
    }
    pending = []
  }

  private mutating func fault(_ reason: String) {
    guard faults.count < Self.faultLimit else { return }
    let isLast = faults.count == Self.faultLimit - 1
    faults.append(Fault(line: line, reason: isLast ? "\(reason); what else is wrong is not listed" : reason))
  }

  private mutating func damaged(_ reason: String) {
    damagedSinceLast += 1
    fault(reason)
  }

  private mutating func take(_ raw: [UInt8]) {
    let text = raw.last == UInt8(ascii: "\r") ? raw.dropLast() : raw[...]
    guard text.starts(with: Self.marker) else {
      if text.contains(Self.marker + [UInt8(ascii: " ")]) {
        damaged("a frame does not start at the beginning of its line")
      } else if !text.isEmpty {
        garbageLines += 1
      }
      return
    }
    let words = text.split(separator: UInt8(ascii: " "), maxSplits: 4, omittingEmptySubsequences: false)
    guard words.count == 5, let sequence = Int(ascii: words[2]), words[3].count == 8 else {
      return damaged("not of the form `@Q nonce seq crc32 json`")
    }
    guard words[1].elementsEqual(nonce) else {
      return fault("wrong nonce \(String(decoding: words[1], as: UTF8.self)): not a frame of this boot")
    }
    let body = words[1] + [UInt8(ascii: " ")] + words[2] + [UInt8(ascii: " ")] + words[4]
    let expected = FrameChecksum.crc32(body).paddedHex
    guard words[3].elementsEqual(expected.utf8) else {
      return damaged("wrong CRC \(String(decoding: words[3], as: UTF8.self)), the bytes give \(expected)")
    }
    accept(sequence, json: words[4])
  }

  private mutating func accept(_ sequence: Int, json: ArraySlice<UInt8>) {
    guard sequence >= nextSequence else {
      return fault("frame \(sequence) came again or out of order; \(nextSequence) is next")
    }
    if sequence != nextSequence, sequence != nextSequence + damagedSinceLast {
      fault("frame \(nextSequence) is missing, \(sequence) came instead")
    }
    nextSequence = sequence + 1
    damagedSinceLast = 0
    frameCount += 1
    guard let frame = try? JSONDecoder().decode(ResultFrame.self, from: Data(json)) else {
      return fault("frame \(sequence) holds no JSON object of a known kind")
    }
    if let complaint = transcript.take(frame) {
      fault(complaint)
    }
  }
}

extension Int {
  /// Reads a plain decimal number of up to nine digits, so that nothing that is added to it overflows.
  /// `Int(_: String)` would also accept a sign.
  fileprivate init?(ascii digits: ArraySlice<UInt8>) {
    let decimal = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard (1...9).contains(digits.count), digits.allSatisfy(decimal.contains) else { return nil }
    self.init(String(decoding: digits, as: UTF8.self))
  }
}

extension UInt32 {
  var paddedHex: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// A test as the guest's plan names it. `backend` is empty for tests that need none.
struct TestID: Codable, Sendable, Hashable {
  var name: String
  var backend: String

  /// `t_probe@ebpf`, or `t_cgroup_parse` without a backend. The globs of expectations match it.
  var label: String { backend.isEmpty ? name : "\(name)@\(backend)" }

  private enum CodingKeys: String, CodingKey { case name, backend }
}

extension TestID {
  /// The guest's names are shown on a terminal and in reports, and become operands of a command line when a test is run
  /// again. So they are words that mean nothing else in any of these places.
  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.decode(String.self, forKey: .name)
    backend = try fields.decode(String.self, forKey: .backend)
    guard !name.isEmpty, name.isWord, backend.isWord else {
      throw DecodingError.dataCorruptedError(forKey: .name, in: fields, debugDescription: "not the name of a test")
    }
  }
}

extension String {
  /// Letters, digits, `_` and, but not at the beginning, `-`.
  fileprivate var isWord: Bool {
    utf8.first != UInt8(ascii: "-")
      && utf8.allSatisfy { byte in
        let scalar = Unicode.Scalar(byte)
        return scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
          || scalar == "_" || scalar == "-"
      }
  }
}

/// One message of the guest on the results channel.
enum ResultFrame: Sendable, Equatable {
  /// The version of the protocol that kmatrix knows.
  static let version = 2

  struct Hello: Codable, Sendable, Equatable {
    var version: Int
    var program: String
    var release: String
    var machine: String
    var cpus: Int
    /// How many tests may run side by side; with 1 each runs by itself.
    var jobs: Int
    /// The seed that shuffled the plan; 0 if the plan is in its own order.
    var seed: Int
  }

  /// A queue that tests share. The frame is sent when the queue has been closed.
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
    /// How long the test took to open and to close its own queues.
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
    /// How long the whole plan took.
    var ms: Milliseconds
    /// How long the guest's CPUs were idle meanwhile.
    var idleMS: Milliseconds

    enum CodingKeys: String, CodingKey {
      case passed, failed, skipped, ms
      case idleMS = "idle_ms"
    }
  }

  case hello(Hello)
  /// A hello of another version of the protocol; nothing else in it is read.
  case foreign(version: Int)
  case plan([TestID])
  case start(index: Int, test: TestID)
  case heartbeat(running: [Int], ms: Milliseconds)
  case result(Outcome)
  case queue(Queue)
  case end(End)
}

/// A time that the guest reports. It is never negative, and no more than 24 days.
struct Milliseconds: Codable, Sendable, Equatable, ExpressibleByIntegerLiteral {
  let value: Int

  init(integerLiteral value: Int) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    value = try container.decode(Int.self)
    guard (0...Int(Int32.max)).contains(value) else {
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

/// The checksum of frames: CRC-32 as zlib and gzip compute it (IEEE 802.3, reflected).
enum FrameChecksum {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? (value >> 1) ^ 0xedb8_8320 : value >> 1
    }
  }

  static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in
      (crc >> 8) ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
    }
  }
}
