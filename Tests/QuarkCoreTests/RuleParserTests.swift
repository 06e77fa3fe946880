import CQuark
import Testing

@testable import QuarkCore

@Suite struct RuleParserTests {
  /// The parsed rules of a text, one on each line.
  func rules(_ text: String) throws -> [String] { try Self.describe(Ruleset.parsing(Array(text.utf8).span)) }

  /// Where and why a text is refused: `2:5 words`.
  func refusal(_ text: [UInt8]) -> String {
    do { _ = try Ruleset.parsing(text.span) } catch { return "\(error.line):\(error.column) \(error.message)" }
    return "accepted"
  }

  // MARK: - What the tests of the reference accept and refuse

  @Test(arguments: [
    ("drop on any", "drop"),
    ("pass on any", "pass"),
    ("pass on process.pid 123", "pass pid=123"),
    ("pass on process.ppid 123", "pass ppid=123"),
    ("pass on process.uid 123", "pass uid=123"),
    ("pass on process.gid 123", "pass gid=123"),
    ("pass on process.sid 123", "pass sid=123"),
    ("pass on file.path /foo/bar", "pass path=/foo/bar"),
    ("pass on file.path foo/bar", "pass path=foo/bar"),
    ("drop on file.exec_change process.uid 0", "drop exec_change uid=0"),
    ("drop on event.type PTRACE", "drop events=0x\(String(QUARK_EV_PTRACE, radix: 16))"),
    ("drop on event.type FORK event.type \"EXEC\"", "drop events=0x1 events=0x2"),
    ("drop on ptrace.child_pid 7 ptrace.request 16", "drop child=7 request=16"),
    ("drop on ptrace.request 0", "drop request=0"),
    ("drop on module.name kvm*", "drop module=kvm|"),
    ("drop on shm.path \"a b\"", "drop shm=a b"),
    ("poison 7 on poison 8", "poison 7 poison=8"),
    ("pass on process.exe /foo/bar", "pass exe=/foo/bar"),
    ("pass on process.exe /foo/*", "pass exe=/foo/|"),
    ("pass on process.exe */bar", "pass exe=|/bar"),
    ("pass on process.exe /*/bar", "pass exe=/|/bar"),
    ("pass on process.exe foo-bar", "pass exe=foo-bar"),
    ("pass on process.exe \"/foo bar/baz\"", "pass exe=/foo bar/baz"),
    ("pass on process.exe \"/foo bar/*\"", "pass exe=/foo bar/|"),
    ("pass on process.exe \\\n/foo/bar", "pass exe=/foo/bar"),
    ("pass on process.exe \\\n  /foo/bar\n", "pass exe=/foo/bar"),
  ])
  func accepted(text: String, expected: String) throws { #expect(try rules(text) == [expected]) }

  @Test(arguments: [
    ("pass on process.pidd 1", "1:9 expected any or a condition, found \"process.pidd\""),
    ("pass", "1:5 expected on, found the end of the text"),
    ("pass on", "1:8 expected any or a condition, found the end of the text"),
    ("foo", "1:1 expected pass, drop or poison, found \"foo\""),
    ("pass on process.exe **", "1:21 more than one * in \"**\""),
    ("pass on process.exe **foo", "1:21 more than one * in \"**foo\""),
    ("pass on process.exe foo**", "1:21 more than one * in \"foo**\""),
    ("pass on process.exe *foo*", "1:21 more than one * in \"*foo*\""),
    ("pass on process.exe f*o*o", "1:21 more than one * in \"f*o*o\""),
    ("pass on file.path /a*/b*", "1:19 more than one * in \"/a*/b*\""),
    ("pass on any any", "1:13 expected the end of the line, for any stands alone, found the keyword any"),
    ("pass on any process.pid 1",
      "1:13 expected the end of the line, for any stands alone, found the keyword process.pid"),
    ("pass on process.pid 1 any", "1:23 expected a condition or the end of the line, found the keyword any"),
    ("pass on process.pid 1 2", "1:23 expected a condition or the end of the line, found \"2\""),
    ("pass on process.exe \"foo", "1:21 unterminated quotes in column 21"),
    ("pass on process.exe fo\"o", "1:23 unterminated quotes in column 23"),
    ("pass on event.type ptrace", "1:20 no event is called \"ptrace\""),
    ("pass on event.type ?", "1:20 no event is called \"?\""),
    ("pass on event.type any", "1:20 expected the name of an event, found the keyword any"),
    ("pass on ptrace.child_pid 0", "1:26 bad number: \"0\": too small"),
    ("pass on ptrace.request -1", "1:24 bad number: \"-1\": too small"),
    ("pass on module.name", "1:20 expected a pattern, found the end of the text"),
    ("pass on module.name a*b*", "1:21 more than one * in \"a*b*\""),
    ("pass on shm.path \"\"", "1:18 an empty pattern"),
    ("pass on ptrace.pid 1", "1:9 expected any or a condition, found \"ptrace.pid\""),
    ("pass on process.pid", "1:20 expected a number, found the end of the text"),
    ("pass on process.exe\n", "1:20 expected a pattern, found the end of the line"),
    ("pass on process.uid foo", "1:21 bad number: \"foo\": invalid"),
    ("zap on any", "1:1 expected pass, drop or poison, found \"zap\""),
    ("pass on file.name \"foo", "1:9 expected any or a condition, found \"file.name\""),
  ])
  func refused(text: String, expected: String) { #expect(refusal(Array(text.utf8)) == expected) }

  // MARK: - More that is accepted

  @Test(arguments: [
    ("", []), ("\n", []), ("\n\n  \t\n", []), ("# nothing", []), ("# nothing\n", []), ("\\\n", []), ("\\\n\\\n", []),
    ("   # a comment\n\t#another\n", []),
    ("drop on any\n", ["drop"]), ("  drop\ton  any  ", ["drop"]), ("\n\ndrop on any\n\n", ["drop"]),
    ("drop on any\npass on any", ["drop", "pass"]),
    ("drop on any # all of them\npass on any", ["drop", "pass"]),
    ("drop on any#x", ["drop"]), ("drop on any#x\npass on any", ["drop", "pass"]),
    ("drop on process.exe foo#bar", ["drop exe=foo"]),
    ("drop on process.exe \"foo#bar\"", ["drop exe=foo#bar"]),
    ("drop on process.exe foo\\#bar", ["drop exe=foo#bar"]),
    ("drop on process.exe \\#", ["drop exe=#"]),
    ("drop on process.exe \"a b\"\"c d\"", ["drop exe=a bc d"]),
    ("drop on process.exe a\" \"b", ["drop exe=a b"]),
    ("drop on process.exe a\\ b", ["drop exe=a b"]),
    ("drop on process.exe a\\\tb", ["drop exe=a\tb"]),
    ("drop on process.exe \"a\\\"b\"", ["drop exe=a\"b"]),
    ("drop on process.exe a\\\"b", ["drop exe=a\"b"]),
    ("drop on process.exe a\\\\b", ["drop exe=a\\b"]),
    ("drop on process.exe \"\\\\\"", ["drop exe=\\"]),
    ("drop on process.exe 'foo'", ["drop exe='foo'"]),
    ("drop on process.exe \"any\"", ["drop exe=any"]),
    ("drop on process.exe an\"\"y", ["drop exe=any"]),
    ("drop on process.exe any\\\n", ["drop exe=any"]),
    ("drop on process.exe ANY", ["drop exe=ANY"]),
    ("drop on process.exe foo\\\nbar", ["drop exe=foobar"]),
    ("drop on process.exe \"foo\\\nbar\"", ["drop exe=foobar"]),
    ("drop on \\\n process.pid 7", ["drop pid=7"]),
    ("drop \\\n on \\\n\tany", ["drop"]),
    ("drop on process.pid \\\n7", ["drop pid=7"]),
    ("d\\rop \\on a\\ny", ["drop"]),
    ("drop on process.exe \\*", ["drop exe=|"]),
    ("drop on process.exe \"*\"", ["drop exe=|"]),
    ("drop on process.exe */", ["drop exe=|/"]),
    ("drop on process.exe \u{e9}t\u{e9}", ["drop exe=\u{e9}t\u{e9}"]),
    ("drop on process.pid \"12\"", ["drop pid=12"]),
    ("drop on process.pid 1\"2\"", ["drop pid=12"]),
    ("drop on process.pid 007", ["drop pid=7"]),
    ("drop on process.pid 4294967295", ["drop pid=4294967295"]),
    ("drop on process.uid 0", ["drop uid=0"]),
    ("drop on process.uid 4294967295 process.gid 4294967295", ["drop uid=4294967295 gid=4294967295"]),
    ("drop on process.pid 1 process.pid 2", ["drop pid=1 pid=2"]),
    ("drop on process.exe a process.exe b*", ["drop exe=a exe=b|"]),
    ("drop on process.exe /foo file.path /bar*", ["drop exe=/foo path=/bar|"]),
    ("poison 5 on any", ["poison 5"]), ("poison 0 on any", ["poison 0"]),
    ("poison \"5\" on any", ["poison 5"]),
    ("poison -1 on any", ["poison 18446744073709551615"]),
    ("poison -0 on any", ["poison 0"]),
    ("poison -18446744073709551615 on any", ["poison 1"]),
    ("poison 18446744073709551615 on poison 18446744073709551615",
      ["poison 18446744073709551615 poison=18446744073709551615"]),
    ("pass on poison -1", ["pass poison=18446744073709551615"]),
    ("poison 1 on poison 2 poison 3", ["poison 1 poison=2 poison=3"]),
    ("pass on process.pid 1 process.ppid 2 process.uid 3 process.gid 4 process.sid 5 process.exe e file.path f",
      ["pass pid=1 ppid=2 uid=3 gid=4 sid=5 exe=e path=f"]),
  ])
  func more(text: String, expected: [String]) throws { #expect(try rules(text) == expected) }

  @Test func wordsAsLongAsTheyMayBe() throws {
    let longest = String(repeating: "a", count: 4095)
    #expect(try rules("drop on process.exe \(longest)") == ["drop exe=\(longest)"])
    #expect(
      refusal(Array("drop on any\ndrop on process.exe \(longest)a".utf8)) == "2:21 a word of more than 4095 bytes")
  }

  @Test func manyRules() throws {
    let text = (0..<1000).map { "pass on process.uid \($0) process.gid \($0) process.sid \($0)\n" }.joined()
    let expected = (0..<1000).map { "pass uid=\($0) gid=\($0) sid=\($0)" }
    #expect(try rules(text) == expected)
  }

  // MARK: - More that is refused

  @Test(arguments: [
    ("Drop on any", "1:1 expected pass, drop or poison, found \"Drop\""),
    ("on any", "1:1 expected pass, drop or poison, found the keyword on"),
    ("any", "1:1 expected pass, drop or poison, found the keyword any"),
    ("process.pid 1", "1:1 expected pass, drop or poison, found the keyword process.pid"),
    ("\"drop\" on any", "1:1 expected pass, drop or poison, found \"drop\", quoted and so no keyword"),
    ("dr\\\nop on any", "1:1 expected pass, drop or poison, found \"drop\", joined to another line and so no keyword"),
    ("'drop' on any", "1:1 expected pass, drop or poison, found \"'drop'\""),
    ("\"\"", "1:1 expected pass, drop or poison, found \"\""),
    ("drop any", "1:6 expected on, found the keyword any"),
    ("drop 5 on any", "1:6 expected on, found \"5\""),
    ("drop\non any", "1:5 expected on, found the end of the line"),
    ("drop # on any", "1:6 expected on, found the end of the text"),
    ("drop on", "1:8 expected any or a condition, found the end of the text"),
    ("drop on # any\n", "1:9 expected any or a condition, found the end of the line"),
    ("drop on on", "1:9 expected any or a condition, found the keyword on"),
    ("drop on drop", "1:9 expected any or a condition, found the keyword drop"),
    ("drop on \"any\"", "1:9 expected any or a condition, found \"any\", quoted and so no keyword"),
    ("pass on \\\nprocess.pid 7",
      "1:9 expected any or a condition, found \"process.pid\", joined to another line and so no keyword"),
    ("drop on any drop on any",
      "1:13 expected the end of the line, for any stands alone, found the keyword drop"),
    ("drop on any 5", "1:13 expected the end of the line, for any stands alone, found \"5\""),
    ("drop on process.comm foo", "1:9 expected any or a condition, found \"process.comm\""),
    ("drop on process.pid process.pid", "1:21 expected a number, found the keyword process.pid"),
    ("drop on process.pid any", "1:21 expected a number, found the keyword any"),
    ("drop on process.pid 0", "1:21 bad number: \"0\": too small"),
    ("drop on process.ppid 0", "1:22 bad number: \"0\": too small"),
    ("drop on process.pid -1", "1:21 bad number: \"-1\": too small"),
    ("drop on process.uid -1", "1:21 bad number: \"-1\": too small"),
    ("drop on process.uid 4294967296", "1:21 bad number: \"4294967296\": too large"),
    ("drop on process.uid 99999999999999999999", "1:21 bad number: \"99999999999999999999\": too large"),
    ("drop on process.uid 1x", "1:21 bad number: \"1x\": invalid"),
    ("drop on process.uid 0x10", "1:21 bad number: \"0x10\": invalid"),
    ("drop on process.uid \"\"", "1:21 bad number: \"\": invalid"),
    ("drop on process.uid \" 1\"", "1:21 bad number: \" 1\": invalid"),
    ("drop on process.uid +1", "1:21 bad number: \"+1\": invalid"),
    ("drop on process.uid -", "1:21 bad number: \"-\": invalid"),
    ("drop on process.uid 1,2", "1:21 bad number: \"1,2\": invalid"),
    ("drop on process.exe any", "1:21 expected a pattern, found the keyword any"),
    ("drop on process.exe \"\"", "1:21 an empty pattern"),
    ("drop on file.path \"\"", "1:19 an empty pattern"),
    ("drop on process.exe a b", "1:23 expected a condition or the end of the line, found \"b\""),
    ("drop on process.exe a\\*b*", "1:21 more than one * in \"a*b*\""),
    ("drop on process.exe \"*\"*", "1:21 more than one * in \"**\""),
    ("drop on process.exe \"a\nb\"", "1:21 unterminated quotes in column 21"),
    ("drop on process.exe \"a\\\nb", "1:21 unterminated quotes in column 21"),
    ("drop on process.exe a\"b\"c\"", "1:26 unterminated quotes in column 26"),
    ("drop on process.exe a\\", "1:22 unterminated escape in column 22"),
    ("drop on any\n\\", "2:1 unterminated escape in column 1"),
    ("drop on process.exe \"a\\", "1:23 unterminated escape in column 23"),
    ("poison on any", "1:8 expected a number, found the keyword on"),
    ("poison", "1:7 expected a number, found the end of the text"),
    ("poison x on any", "1:8 bad number: \"x\": invalid"),
    ("poison --1 on any", "1:8 bad number: \"--1\": invalid"),
    ("poison 18446744073709551616 on any", "1:8 bad number: \"18446744073709551616\": too large"),
    ("poison -18446744073709551616 on any", "1:8 bad number: \"-18446744073709551616\": too small"),
    ("poison 1 2 on any", "1:10 expected on, found \"2\""),
    ("pass on poison 0", "1:16 bad number: \"0\": too small"),
    ("pass on poison -0", "1:16 bad number: \"-0\": too small"),
    ("pass on poison on", "1:16 expected a number, found the keyword on"),
    ("pass 1 on any", "1:6 expected on, found \"1\""),
    ("drop on any\r\n", "1:9 expected any or a condition, found \"any\\x0d\""),
    ("\u{feff}drop on any", "1:1 expected pass, drop or poison, found \"\\xef\\xbb\\xbfdrop\""),
    ("\n# comment\n\n  drop on process.pid x", "4:23 bad number: \"x\": invalid"),
    ("drop \\\n  on \\\n  any any", "3:7 expected the end of the line, for any stands alone, found the keyword any"),
    ("drop on any # \\\nfoo", "2:1 expected pass, drop or poison, found \"foo\""),
  ])
  func moreRefused(text: String, expected: String) { #expect(refusal(Array(text.utf8)) == expected) }

  @Test func noNUL() {
    #expect(refusal([0]) == "1:1 unallowed character NUL")
    #expect(refusal(Array("drop on any\n  dr\0op on any".utf8)) == "2:5 unallowed character NUL")
    #expect(refusal(Array("drop on any # \0".utf8)) == "1:15 unallowed character NUL")
    #expect(refusal(Array("drop on process.exe \"\0\"".utf8)) == "1:22 unallowed character NUL")
    #expect(refusal(Array("drop on process.exe \\\0".utf8)) == "1:22 unallowed character NUL")
  }

  @Test func longWordsAreShownInPart() {
    let word = String(repeating: "x", count: 65)
    #expect(refusal(Array(word.utf8)) == "1:1 expected pass, drop or poison, found \"\(word.dropLast())...\"")
  }

  /// After an error no rule is left.
  @Test func anErrorLeavesNothing() {
    var ruleset = unsafe quark_ruleset()
    unsafe withUnsafeMutablePointer(to: &ruleset) { ruleset in
      let text = Array("drop on process.exe /a*\npass on process.exe /b process.pid x\n".utf8)
      #expect(throws: RuleError.self) { try unsafe ruleset.parse(text.span) }
      #expect(unsafe ruleset.pointee.rules == nil && ruleset.pointee.n_rules == 0)
      let again = Array("pass on any".utf8)
      #expect(throws: Never.self) { try unsafe ruleset.parse(again.span) }
      #expect(unsafe ruleset.pointee.n_rules == 1)
      unsafe ruleset.clear()
      #expect(unsafe ruleset.pointee.rules == nil && ruleset.pointee.n_rules == 0)
    }
  }

  // MARK: -

  /// The halves of a pattern with a bar between them; no bar if there is no `*`.
  static func describe(_ ruleset: borrowing Ruleset) -> [String] {
    unsafe (0..<ruleset.storage.pointee.n_rules).map { index in
      let rule = unsafe ruleset.storage.pointee.rules[index]
      #expect(unsafe rule.number == index && rule.evals == 0 && rule.hits == 0)
      let action =
        switch unsafe quark_rule_action(UInt32(rule.action)) {
        case QUARK_RA_DROP: "drop"
        case QUARK_RA_PASS: "pass"
        case QUARK_RA_POISON: unsafe "poison \(rule.poison_tag)"
        default: "?"
        }
      return unsafe ([action] + (0..<rule.n_fields).map { unsafe describe(rule.fields[$0]) }).joined(separator: " ")
    }
  }

  static func describe(_ field: quark_rule_field) -> String {
    switch unsafe field.code {
    case QUARK_RF_PID: return unsafe "pid=\(field.pid)"
    case QUARK_RF_PPID: return unsafe "ppid=\(field.pid)"
    case QUARK_RF_UID: return unsafe "uid=\(field.id)"
    case QUARK_RF_GID: return unsafe "gid=\(field.id)"
    case QUARK_RF_SID: return unsafe "sid=\(field.id)"
    case QUARK_RF_POISON: return unsafe "poison=\(field.poison_tag)"
    case QUARK_RF_EXE: return unsafe "exe=\(describe(field.wild))"
    case QUARK_RF_FILE_EXEC_CHANGE: return "exec_change"
    case QUARK_RF_FILEPATH: return unsafe "path=\(describe(field.wild))"
    case QUARK_RF_EVENT: return unsafe "events=0x\(String(field.events, radix: 16))"
    case QUARK_RF_PTRACE_CHILD_PID: return unsafe "child=\(field.pid)"
    case QUARK_RF_PTRACE_REQUEST: return unsafe "request=\(field.id)"
    case QUARK_RF_MODULE_NAME: return unsafe "module=\(describe(field.wild))"
    case QUARK_RF_SHM_PATH: return unsafe "shm=\(describe(field.wild))"
    default: return unsafe "\(field.code)?"
    }
  }

  private static func describe(_ wild: quark_wild) -> String {
    let isExact = unsafe wild.pre_len > 0 && wild.pre[wild.pre_len - 1] == 0
    return unsafe isExact ? String(cString: wild.pre) : String(cString: wild.pre) + "|" + String(cString: wild.post)
  }
}
