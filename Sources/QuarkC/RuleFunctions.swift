import CLinux
import CQuark
import QuarkCore

@c @implementation
public func quark_ruleset_init(_ ruleset: UnsafeMutablePointer<quark_ruleset>!) {
  unsafe ruleset.pointee = quark_ruleset()
}

@c @implementation
public func quark_ruleset_clear(_ ruleset: UnsafeMutablePointer<quark_ruleset>!) { unsafe ruleset.clear() }

@c @implementation
public func quark_ruleset_parse(
  _ ruleset: UnsafeMutablePointer<quark_ruleset>!, _ file: UnsafeMutablePointer<FILE>!,
  _ err: UnsafeMutablePointer<CChar>!, _ errlen: Int
) -> CInt {
  unsafe ruleset.pointee = quark_ruleset()
  var text: [UInt8] = []
  while true {
    let count = text.count
    text.append(contentsOf: repeatElement(0, count: max(4096, count)))
    let read = unsafe text.withUnsafeMutableBytes { unsafe fread($0.baseAddress! + count, 1, $0.count - count, file) }
    text.removeLast(text.count - count - read)
    if read == 0 { break }
    guard text.count <= Ruleset.textLimit else {
      return unsafe refuse("more than \(Ruleset.textLimit) bytes", EFBIG, err, errlen)
    }
  }
  if unsafe ferror(file) != 0 {
    let errno = clinux_errno()
    return unsafe refuse("input error reading config", errno == 0 ? EIO : errno, err, errlen)
  }
  do { try unsafe ruleset.parse(text.span) } catch { return unsafe refuse(error.description, EINVAL, err, errlen) }
  return 0
}

@c @implementation
public func quark_ruleset_append_rule(
  _ ruleset: UnsafeMutablePointer<quark_ruleset>!, _ action: CInt, _ poison_tag: u64
) -> UnsafeMutablePointer<quark_rule>! {
  switch UInt32(truncatingIfNeeded: action) {
  case QUARK_RA_DROP.rawValue, QUARK_RA_PASS.rawValue, QUARK_RA_POISON.rawValue:
    return unsafe ruleset.append(quark_rule_action(UInt32(action)), poisonTag: poison_tag)
  default:
    _ = fail(EINVAL)
    return nil
  }
}

@c @implementation
public func quark_rule_match_field(
  _ rule: UnsafeMutablePointer<quark_rule>!, _ field: quark_rule_field
) -> CInt { unsafe rule.match(field) ? 0 : fail(EINVAL) }

@c @implementation
public func quark_ruleset_match(
  _ ruleset: UnsafeMutablePointer<quark_ruleset>!, _ event: UnsafeMutablePointer<quark_event>!
) -> UnsafeMutablePointer<quark_rule>! { unsafe ruleset.match(event) }

// MARK: -

/// Stores the reason why a text is refused, cut to the size of the buffer.
private func refuse(
  _ reason: String, _ errno: CInt, _ words: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> CInt {
  if let words = unsafe words, capacity > 0 {
    let text = Array("quark_parse: \(reason)".utf8.prefix(capacity - 1))
    for index in text.indices { unsafe words[index] = CChar(bitPattern: text[index]) }
    unsafe words[text.count] = 0
  }
  return fail(errno)
}
