import Testing

@testable import kmatrix

/// What a guest of `kmatrix verify-btf` prints, and how it is judged.
@Suite struct OffsetListingTests {
  private static let release = "6.1.0-47-cloud-amd64"
  private static let own = """
    own cred.uid           8
    own task_struct.comm   1856
    own task_struct.pids   U
    own ended with 0 after 3 lines
    """.split(separator: "\n").map(String.init)
  private static let table = """
    quark-init: something else
    table \(release) exact
    table quark-btf: from the table, which has \(release)
    table cred.uid           8
    table task_struct.comm   1856
    table task_struct.pids   U
    table ended with 0 after 5 lines
    """.split(separator: "\n").map(String.init)

  private func listing(_ word: String, _ lines: [String]) throws -> OffsetListing {
    try OffsetListing.read(word, in: lines).get()
  }

  private func verdict(_ change: (inout [String]) -> Void) throws -> OffsetVerdict {
    var table = Self.table
    change(&table)
    // The guest counts the lines that it printed, whatever they are.
    table[table.count - 1] = "table ended with 0 after \(table.count { $0.hasPrefix("table ") } - 1) lines"
    return .judge(release: Self.release, own: try listing("own", Self.own), table: try listing("table", table))
  }

  @Test func same() throws {
    #expect(try verdict { _ in } == .same(count: 3))
    #expect(try verdict { _ in }.isSame)
  }

  @Test func different() throws {
    let one = try verdict { $0[4] = "table task_struct.comm   1864" }
    #expect(one == .different(["task_struct.comm is 1856 and in the table 1864"]))
    #expect(try verdict { $0[5] = "table task_struct.pids   0" } != .same(count: 3))
    #expect(try verdict { $0.remove(at: 3) } == .different(["cred.uid is 8 and in the table not listed"]))
    #expect(!one.isSame)
  }

  @Test func neighboursAreNoEntry() throws {
    let verdict = try verdict {
      $0[1] = "table 6.1.0-46-cloud-amd64 neighbour"
      $0.insert("table 6.1.0-48-cloud-amd64 neighbour", at: 2)
    }
    #expect(verdict == .noEntry("the table has 6.1.0-46-cloud-amd64 neighbour, 6.1.0-48-cloud-amd64 neighbour"))
  }

  @Test func silenceIsNoListing() {
    func failure(_ lines: [String]) -> OffsetListing.ReadError? {
      if case .failure(let why) = OffsetListing.read("own", in: lines) { why } else { nil }
    }
    let cut = OffsetListing.ReadError.incomplete("the guest did not finish its listing")
    #expect(failure([]) == cut)
    #expect(failure(Array(Self.own.dropLast())) == cut)
    #expect(failure(Array(Self.own.dropFirst())) == .incomplete("2 of 3 lines arrived"))
    #expect(failure(["own absent"]) == .absent)
    #expect(failure(["own quark-btf: no", "own ended with 1 after 1 lines"]) == .refused("quark-btf: no"))
  }

  @Test func nothingListedIsNotTheSame() throws {
    let nothing = try listing("own", ["own ended with 0 after 0 lines"])
    let table = try listing("table", ["table \(Self.release) exact", "table ended with 0 after 1 lines"])
    let verdict = OffsetVerdict.judge(release: Self.release, own: nothing, table: table)
    #expect(verdict == .failed("quark-btf lists no offsets"))
  }
}
