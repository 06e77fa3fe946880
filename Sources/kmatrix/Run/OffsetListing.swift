/// What quark-btf said of a kernel's structures: a name and an offset on each line, or `U` where the kernel has none.
struct OffsetListing: Sendable, Equatable {
  /// What was not an offset: of the table, which releases the answer is from; of a failure, why.
  private(set) var remarks: [String] = []
  private(set) var offsets: [String: String] = [:]

  init(_ lines: some Sequence<String>) {
    for line in lines {
      let words = line.split(separator: " ")
      if words.count == 2, words[0].contains("."), words[1] == "U" || Int(words[1]) != nil {
        offsets[String(words[0])] = String(words[1])
      } else if !line.hasPrefix("quark-btf: from ") {
        remarks.append(line)
      }
    }
  }

  /// The listing of a guest's output whose lines begin with `word`, if it is whole and quark-btf succeeded; else why
  /// there is none.
  static func read(_ word: String, in lines: [String]) -> Result<OffsetListing, Failure> {
    let mine = lines.compactMap { $0.dropping(prefix: "\(word) ").map(String.init) }
    if mine == ["absent"] { return .failure(.absent) }
    guard let last = mine.last, let match = last.wholeMatch(of: /ended with (\d+) after (\d+) lines/) else {
      return .failure(.incomplete("the guest did not come to the end of its listing"))
    }
    let body = mine.dropLast()
    guard body.count == Int(match.2) else {
      return .failure(.incomplete("\(body.count) of \(match.2) lines arrived"))
    }
    guard match.1 == "0" else { return .failure(.refused(body.last ?? "quark-btf exited with \(match.1)")) }
    return .success(OffsetListing(body))
  }

  enum Failure: Error, Equatable {
    /// The kernel has no BTF.
    case absent
    /// Not all of it is there.
    case incomplete(String)
    /// quark-btf's own words for why not.
    case refused(String)
  }
}

/// What the table says of a kernel beside what is true.
enum OffsetVerdict: Sendable, Equatable {
  case same(count: Int)
  case different([String])
  case noEntry(String)
  case failed(String)

  /// The table must have the kernel itself; what its neighbours are like is a guess, if a good one.
  static func judge(release: String, own: OffsetListing, table: OffsetListing) -> OffsetVerdict {
    guard table.remarks == ["\(release) exact"] else {
      return .noEntry("the table has \(table.remarks.isEmpty ? "nothing" : table.remarks.joined(separator: ", "))")
    }
    guard !own.offsets.isEmpty else {
      return .failed(own.remarks.last ?? "quark-btf lists no offsets")
    }
    let differences = Set(own.offsets.keys).union(table.offsets.keys).sorted().compactMap { name -> String? in
      let (real, said) = (own.offsets[name], table.offsets[name])
      return real == said ? nil : "\(name) is \(real ?? "not listed") and in the table \(said ?? "not listed")"
    }
    return differences.isEmpty ? .same(count: own.offsets.count) : .different(differences)
  }

  var isSame: Bool { if case .same = self { true } else { false } }

  var description: String {
    switch self {
    case .same(let count): "same: \(count) offsets"
    case .different(let list): "DIFFERENT: \(list.joined(separator: "; "))"
    case .noEntry(let why): "NO ENTRY: \(why)"
    case .failed(let why): "FAILED: \(why)"
    }
  }
}
