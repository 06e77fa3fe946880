import CQuark
import Testing

@testable import QuarkCore

@Suite struct StringPoolTests {
  func copy(_ text: String, in pool: inout StringPool) -> UnsafeMutablePointer<CChar>? {
    unsafe Array(text.utf8).withUnsafeBytes {
      unsafe pool.copy($0.baseAddress ?? UnsafeRawPointer(pool.recent), count: $0.count)
    }
  }

  func share(_ text: String, in pool: inout StringPool) -> UnsafeMutablePointer<CChar>? {
    unsafe Array(text.utf8).withUnsafeBytes {
      unsafe pool.share($0.baseAddress ?? UnsafeRawPointer(pool.recent), count: $0.count)
    }
  }

  /// Every size has a class that is large enough, and wastes at most an eighth, or 8 bytes.
  @Test func classes() {
    for size in 1...StringPool.largestClass {
      let index = StringPool.classIndex(size)
      let room = StringPool.classSize(index)
      #expect(room >= size && room - size <= max(7, size / 8), "\(size)")
      #expect(index == 0 || StringPool.classSize(index - 1) < size, "\(size)")
    }
    #expect(StringPool.classSize(StringPool.classCount - 1) == StringPool.largestClass)
  }

  /// Strings of all sizes, in use and freed in any order, keep their bytes, and nothing is left at the end.
  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func stringsKeepTheirBytes(seed: UInt64) {
    var random = SplitMix64(seed)
    var pool = StringPool()
    var kept: [(string: UnsafeMutablePointer<CChar>, text: String)] = unsafe []
    for _ in 0..<4000 {
      if unsafe kept.count > 0, random.below(100) < 48 {
        let (string, expected) = unsafe kept.remove(at: random.below(kept.count))
        #expect(unsafe text(string) == expected)
        unsafe pool.release(string)
      } else {
        let length = random.below(20) == 0 ? random.below(30_000) : random.below(300)
        let text = String(repeating: Character(UnicodeScalar(UInt8(97 + random.below(26)))), count: length)
        let string = unsafe random.below(2) == 0 ? copy(text, in: &pool)! : share(text, in: &pool)!
        unsafe kept.append((string, text))
      }
    }
    for unsafe (string, expected) in unsafe kept {
      #expect(unsafe text(string) == expected)
      unsafe pool.release(string)
    }
    pool.forgetRecent()
    let held = pool.held
    #expect(held == 0)
  }

  /// Payloads are aligned, begin as zeros, and are released after the event that has them.
  @Test func payloads() {
    var pool = StringPool()
    var payloads = Payloads()
    let event = UnsafeMutablePointer<raw_event>.allocate(capacity: 1)
    unsafe event.initialize(to: raw_event())
    defer { unsafe event.deallocate() }
    unsafe payloads.take(from: event)
    let isEmpty = payloads.isEmpty
    #expect(isEmpty, "there was none")
    for size in [1, 8, 32, 48, 400, 9000] {
      let payload = unsafe pool.makePayload(size: size)!
      #expect(UInt(bitPattern: payload) % 8 == 0, "\(size)")
      for offset in 0..<size { #expect(unsafe payload.load(fromByteOffset: offset, as: UInt8.self) == 0) }
      unsafe payload.initializeMemory(as: UInt8.self, repeating: 0xff, count: size)
      unsafe event.pointee.payload = payload
      unsafe payloads.take(from: event)
      // The raw event releases it, too.
      unsafe pool.releasePayload(payload)
    }
    #expect(pool.held > 9000)
    payloads.release(in: &pool)
    let (held, isOver) = (pool.held, payloads.isEmpty)
    #expect(held == 0 && isOver)
  }

  @Test func noRoomForPayloads() {
    var pool = StringPool(limit: 0)
    #expect(unsafe pool.makePayload(size: 32) == nil)
    let refusals = pool.refusals
    #expect(refusals == 1)
  }

  @Test func repeatedStringsAreStoredOnce() {
    var pool = StringPool()
    let first = unsafe share("/usr/bin/some-program", in: &pool)!
    let held = pool.held
    let second = unsafe share("/usr/bin/some-program", in: &pool)!
    #expect(unsafe first == second)
    let other = unsafe share("/usr/bin/some-progran", in: &pool)!
    #expect(unsafe first != other)
    let heldAfter = pool.held
    #expect(heldAfter > held)
    unsafe pool.release(first)
    #expect(unsafe text(second) == "/usr/bin/some-program")
  }

  @Test func theLimitRefuses() {
    var pool = StringPool(limit: 1 << 20)
    var strings: [UnsafeMutablePointer<CChar>] = unsafe []
    while let string = unsafe copy(String(repeating: "x", count: 1000), in: &pool) { unsafe strings.append(string) }
    #expect(unsafe strings.count > 900 && strings.count <= 1024)
    let (none, noneLarge) = unsafe (copy("y", in: &pool), copy(String(repeating: "x", count: 9000), in: &pool))
    #expect(unsafe none == nil && noneLarge == nil)
    let reserved = pool.reserved
    #expect(reserved == 1 << 20)
    for unsafe string in unsafe strings { unsafe pool.release(string) }
    let small = unsafe copy("y", in: &pool)
    #expect(unsafe small != nil, "chunks that are free again serve any size")
  }
}

extension StringPool {
  /// Releases the references of the pool itself.
  mutating func forgetRecent() {
    for index in 0..<Self.recentCount {
      if let bytes = unsafe recent[index].bytes { unsafe release(bytes) }
      unsafe recent[index] = Recent()
    }
  }
}
