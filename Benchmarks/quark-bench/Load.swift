/// How raw events are inserted and events are taken.
enum Load {
  /// Inserts 9,000, takes all, and so on.
  case stream
  /// Inserts all, then takes all.
  case bulk
  /// Inserts one, then takes one.
  case single
  /// Like `stream`, but all of one process, and none is joined.
  case hot
  /// Like `stream`, from 32 sources, each in its own order and up to 31 microseconds ahead of the first.
  case sources
  /// Ten rules for each event, and none decides: conditions on ids, or on the path of the executable.
  case rules

  init?(named name: UnsafePointer<CChar>) {
    switch unsafe (UInt8(bitPattern: name[0]), UInt8(bitPattern: name[1])) {
    case (UInt8(ascii: "s"), UInt8(ascii: "t")): self = .stream
    case (UInt8(ascii: "b"), UInt8(ascii: "u")): self = .bulk
    case (UInt8(ascii: "s"), UInt8(ascii: "i")): self = .single
    case (UInt8(ascii: "h"), UInt8(ascii: "o")): self = .hot
    case (UInt8(ascii: "s"), UInt8(ascii: "o")): self = .sources
    case (UInt8(ascii: "r"), UInt8(ascii: "u")): self = .rules
    default: return nil
    }
  }

  var name: StaticString {
    switch self {
    case .stream: "stream"
    case .bulk: "bulk"
    case .single: "single"
    case .hot: "hot"
    case .sources: "sources"
    case .rules: "rules"
    }
  }
}
