/// A token of a text of rules. If it is a string, the lexer has its bytes.
struct RuleToken {
  enum Kind {
    case keyword(RuleKeyword)
    case string
    case newline
    case end
  }

  let kind: Kind
  /// The place of its first byte.
  let place: RulePlace
  /// Why a word that is spelled like a keyword is not one; empty for other words.
  var reason: StaticString = ""

  var isEndOfRule: Bool {
    switch kind {
    case .newline, .end: true
    case .keyword, .string: false
    }
  }
}

/// The keywords, with their spelling.
enum RuleKeyword: CaseIterable {
  case pass, drop, poison, on, any, pid, ppid, uid, gid, sid, exe, filePath, fileExecChange

  var name: StaticString {
    switch self {
    case .pass: "pass"
    case .drop: "drop"
    case .poison: "poison"
    case .on: "on"
    case .any: "any"
    case .pid: "process.pid"
    case .ppid: "process.ppid"
    case .uid: "process.uid"
    case .gid: "process.gid"
    case .sid: "process.sid"
    case .exe: "process.exe"
    case .filePath: "file.path"
    case .fileExecChange: "file.exec_change"
    }
  }

  init?(_ word: Span<UInt8>) {
    for keyword in Self.allCases where word.count == keyword.name.utf8CodeUnitCount && word.has(keyword.name) {
      self = keyword
      return
    }
    return nil
  }
}
