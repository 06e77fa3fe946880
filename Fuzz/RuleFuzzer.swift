import CQuark

/// Fuzzes a text of rules. The place of an error is within the text; rules that are written as text again are the same
/// rules; and a pattern matches a path that was made from it.
func fuzzRules(_ bytes: RawSpan) {
  bytes.withUnsafeBytes { buffer in
    let text = Span<UInt8>(_unsafeBytes: buffer)
    do throws(RuleError) { try checkRules(text) } catch { checkPlace(error, text) }
  }
}

private func checkRules(_ text: Span<UInt8>) throws(RuleError) {
  let rules = try Ruleset.parsing(text)
  checkWritten(rules.storage.pointee)
  checkMatches(rules.storage)
}

private func checkWritten(_ rules: quark_ruleset) {
  let text = write(rules)
  do throws(RuleError) {
    let again = try Ruleset.parsing(text.span)
    precondition(areEqual(rules, again.storage.pointee))
  } catch {
    preconditionFailure(error.description)
  }
}

private func checkPlace(_ error: RuleError, _ text: Span<UInt8>) {
  precondition(error.line >= 1 && error.column >= 1)
  var (line, start) = (1, 0)
  while line < error.line {
    while start < text.count, text[start] != UInt8(ascii: "\n") { start += 1 }
    precondition(start < text.count, "no such line")
    (line, start) = (line + 1, start + 1)
  }
  var end = start
  while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
  precondition(error.column <= end - start + 1, "no such column")
  for byte in error.message.utf8 { precondition(byte >= 0x20 && byte < 0x7f) }
}

/// Writes every string in quotes.
private func write(_ rules: quark_ruleset) -> [UInt8] {
  var text = ByteBuffer()
  for index in 0..<rules.n_rules {
    let rule = rules.rules[index]
    precondition(rule.number == index && rule.evals == 0 && rule.hits == 0)
    switch quark_rule_action(UInt32(rule.action)) {
    case QUARK_RA_PASS: text.append("pass on")
    case QUARK_RA_DROP: text.append("drop on")
    default:
      text.append("poison ")
      text.append(decimal: rule.poison_tag)
      text.append(" on")
    }
    if rule.n_fields == 0 { text.append(" any") }
    for place in 0..<rule.n_fields { write(rule.fields[place], to: &text) }
    text.append("\n")
  }
  return text.bytes
}

private func write(_ field: quark_rule_field, to text: inout ByteBuffer) {
  switch field.code {
  case QUARK_RF_PID: write(" process.pid ", UInt64(field.pid), to: &text)
  case QUARK_RF_PPID: write(" process.ppid ", UInt64(field.pid), to: &text)
  case QUARK_RF_UID: write(" process.uid ", UInt64(field.id), to: &text)
  case QUARK_RF_GID: write(" process.gid ", UInt64(field.id), to: &text)
  case QUARK_RF_SID: write(" process.sid ", UInt64(field.id), to: &text)
  case QUARK_RF_POISON: write(" poison ", field.poison_tag, to: &text)
  case QUARK_RF_EXE: write(" process.exe ", field.wild, to: &text)
  case QUARK_RF_FILE_EXEC_CHANGE: text.append(" file.exec_change")
  case QUARK_RF_FILEPATH: write(" file.path ", field.wild, to: &text)
  case QUARK_RF_EVENT:
    text.append(" event.type ")
    text.append(cString: cquark_event_name(field.events))
  case QUARK_RF_PTRACE_CHILD_PID: write(" ptrace.child_pid ", UInt64(field.pid), to: &text)
  case QUARK_RF_PTRACE_REQUEST: write(" ptrace.request ", UInt64(field.id), to: &text)
  case QUARK_RF_MODULE_NAME: write(" module.name ", field.wild, to: &text)
  case QUARK_RF_SHM_PATH: write(" shm.path ", field.wild, to: &text)
  default: preconditionFailure("there is no text for it")
  }
}

private func write(_ name: StaticString, _ number: UInt64, to text: inout ByteBuffer) {
  text.append(name)
  text.append(decimal: number)
}

private func write(_ name: StaticString, _ wild: quark_wild, to text: inout ByteBuffer) {
  text.append(name)
  text.append("\"")
  for byte in pattern(wild) {
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append("\\") }
    text.append(byte)
  }
  text.append("\"")
}

/// The pattern as it was before it was split.
private func pattern(_ wild: quark_wild) -> [UInt8] {
  let isExact = wild.pre_len > 0 && wild.pre[wild.pre_len - 1] == 0
  return parts(wild).joined(separator: isExact ? [] : [UInt8(ascii: "*")]).map { $0 }
}

private func parts(_ wild: quark_wild) -> [[UInt8]] {
  [wild.pre!, wild.post!].map { start in
    var part: [UInt8] = []
    while start[part.count] != 0 { part.append(UInt8(bitPattern: start[part.count])) }
    return part
  }
}

private func areEqual(_ one: quark_ruleset, _ other: quark_ruleset) -> Bool {
  guard one.n_rules == other.n_rules else { return false }
  for index in 0..<one.n_rules {
    let (rule, otherRule) = (one.rules[index], other.rules[index])
    guard rule.action == otherRule.action, rule.poison_tag == otherRule.poison_tag,
      rule.n_fields == otherRule.n_fields
    else { return false }
    for place in 0..<rule.n_fields where !areEqual(rule.fields[place], otherRule.fields[place]) { return false }
  }
  return true
}

private func areEqual(_ one: quark_rule_field, _ other: quark_rule_field) -> Bool {
  guard one.code == other.code else { return false }
  switch one.code {
  case QUARK_RF_EXE, QUARK_RF_FILEPATH, QUARK_RF_MODULE_NAME, QUARK_RF_SHM_PATH:
    return one.wild.pre_len == other.wild.pre_len && one.wild.post_len == other.wild.post_len
      && pattern(one.wild) == pattern(other.wild)
  case QUARK_RF_PID, QUARK_RF_PPID, QUARK_RF_PTRACE_CHILD_PID: return one.pid == other.pid
  case QUARK_RF_EVENT: return one.events == other.events
  case QUARK_RF_POISON: return one.poison_tag == other.poison_tag
  case QUARK_RF_FILE_EXEC_CHANGE: return true
  default: return one.id == other.id
  }
}

/// A pattern matches its text without the `*`, but not this text without its last byte, unless the `*` replaces that.
/// The buffers have exactly the size of the strings, so that a read after their end is found.
private func checkMatches(_ rules: UnsafeMutablePointer<quark_ruleset>) {
  var process = quark_process()
  withUnsafeMutablePointer(to: &process) { process in
    var event = quark_event()
    event.process = UnsafePointer(process)
    _ = rules.match(&event)
    for index in 0..<min(rules.pointee.n_rules, 16) {
      let rule = rules.pointee.rules[index]
      for place in 0..<rule.n_fields where rule.fields[place].code == QUARK_RF_EXE {
        let wild = rule.fields[place].wild
        let both = parts(wild).joined().map { CChar(bitPattern: $0) }
        precondition(matches(wild, both, process, rules), "its own halves")
        precondition(!matches(wild, both.dropLast(), process, rules) || both.isEmpty, "the halves overlap")
      }
    }
  }
}

private func matches(
  _ wild: quark_wild, _ path: some Collection<CChar>, _ process: UnsafeMutablePointer<quark_process>,
  _ rules: UnsafeMutablePointer<quark_ruleset>
) -> Bool {
  let exe = UnsafeMutableBufferPointer<CChar>.allocate(capacity: path.count + 1)
  defer { exe.deallocate() }
  _ = exe.initialize(from: path + [0])
  process.pointee.exe = exe.baseAddress
  defer { process.pointee.exe = nil }
  var event = quark_event()
  event.process = UnsafePointer(process)
  _ = rules.match(&event)
  return wild.matches(exe.baseAddress!, size: path.count + 1)
}
