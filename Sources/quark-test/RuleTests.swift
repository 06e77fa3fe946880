import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// A process that gets a tag when it is forked passes it to its descendants: of four processes, each a child of the one
/// before, all are seen with the tag, and nothing else is seen.
func rulePoison(_ context: TestContext) throws(TestEnd) {
  let tag: UInt64 = 0xfeed_beef_0bad_cafe
  let ruleset = try parse(
    """
    poison \(tag) on process.ppid \(getpid())
    pass on poison \(tag)
    drop on any

    """)
  var queue = try context.open(with: ruleset)
  let truth = try Truth()
  let status = try wait(for: try start { nestedForks(4, truth) })
  try expectEqual("the first child's end", status, 0)
  for depth in 0..<4 {
    let event = try queue.next()
    try expectEqual("pid", event.known.pid, UInt32(truth[depth]))
    try expectEqual("events", event.events, UInt64(QUARK_EV_FORK | QUARK_EV_EXIT))
    try expectEqual("poison_tag", event.known.poisonTag, tag)
  }
  // One more process gets a tag and must come next: an event of another process that was not dropped would come before.
  let last = try runTrue()
  try expectEqual("the last pid", try queue.next().known.pid, UInt32(last))
  let rules = unsafe ruleset.storage.pointee.rules!
  try unsafe expectEqual("hits of pass", rules[1].hits, 5)
  try unsafe expect(rules[0].hits >= 1, "the first child was not marked")
  extendLifetime(ruleset)
}

/// Each process notes its pid, and waits for its child.
private func nestedForks(_ count: Int, _ truth: borrowing Truth) -> CInt {
  truth[4 - count] = Int(getpid())
  if count == 1 { return 0 }
  let child = clinux_fork()
  if child == 0 { _exit(nestedForks(count - 1, truth)) }
  must("fork", child)
  var status: CInt = 0
  must("wait", unsafe waitpid(child, &status, 0))
  return status == 0 ? 0 : 117
}

/// A process that exists when the queue is opened has its tag from the beginning; only poison rules count this.
func rulePoisonExisting(_ context: TestContext) throws(TestEnd) {
  let tag: UInt64 = 42
  let ruleset = Ruleset()
  let drop = unsafe ruleset.storage.append(QUARK_RA_DROP)
  try expect(unsafe drop.match(field(QUARK_RF_PID, .max)), "no such condition")
  let poison = unsafe ruleset.storage.append(QUARK_RA_POISON, poisonTag: tag)
  try expect(unsafe poison.match(field(QUARK_RF_PID, UInt32(getpid()))), "no such condition")
  var queue = try context.open(with: ruleset)
  try expectEqual("poison_tag", try ourselves(&queue).poisonTag, tag)
  guard let parent = try queue.lookup(pid: UInt32(getppid())) else { throw .failed("our parent is not known") }
  try expectEqual("poison_tag of the parent", parent.poisonTag, 0)
  let rules = unsafe ruleset.storage.pointee.rules!
  try unsafe expectEqual("evals of drop", rules[0].evals, 0)
  try unsafe expectEqual("hits of poison", rules[1].hits, 1)
  try unsafe expect(rules[1].evals > 1, "the rule was not applied to all processes")
  extendLifetime(ruleset)
}

/// Only events of one user are seen: the events of one child are dropped, and those of the next child come first.
func ruleID(_ context: TestContext) throws(TestEnd) {
  // No other process has this user id.
  let user = 100_000 + UInt32(getpid())
  let ruleset = Ruleset()
  let pass = unsafe ruleset.storage.append(QUARK_RA_PASS)
  try expect(unsafe pass.match(field(QUARK_RF_UID, user)), "no such condition")
  unsafe ruleset.storage.append(QUARK_RA_DROP)
  var queue = try context.open(with: ruleset)
  _ = try runTrue()
  let child = try start {
    must("setresgid", clinux_set_gids(user, user, user))
    must("setresuid", clinux_set_uids(user, user, user))
    must("setsid", setsid())
    return execute("/bin/true", ["true", "this", "is", "nop!"])
  }
  try expectEqual("the child's end", try wait(for: child), 0)
  let event = try queue.next()
  try expectEqual("pid", event.known.pid, UInt32(child))
  try expectEqual("euid", event.known.euid, user)
  try unsafe expect(ruleset.storage.pointee.rules![1].hits >= 1, "nothing was dropped")
  extendLifetime(ruleset)
}

/// Texts that are valid rules, and texts that are not; this needs no queue.
func ruleParser(_ context: TestContext) throws(TestEnd) {
  let valid: [String] = [
    "drop on any", "pass on any", "pass on process.pid 1", "pass on process.ppid 1", "pass on process.uid 0",
    "pass on process.gid 0", "pass on process.sid 1", "pass on file.path /foo/bar", "pass on file.path foo/bar",
    "pass on process.exe /foo/bar", "pass on process.exe /foo/*", "pass on process.exe */bar",
    "pass on process.exe /*/bar", "pass on process.exe foo-bar", "pass on process.exe \"/foo bar/baz\"",
    "pass on process.exe \"/foo bar/*\"", "pass on process.exe \\\n/foo/bar", "poison 7 on poison 6 process.uid 1",
  ]
  for text in valid {
    let ruleset = try parse(text)
    try unsafe expectEqual("rules", Int(ruleset.storage.pointee.n_rules), 1)
  }
  let invalid: [String] = [
    "pass on process.pidd 1", "pass", "pass on", "foo", "pass on process.exe **", "pass on process.exe /foo/**",
    "pass on process.exe */foo/*", "pass on process.exe *f*oo", "pass on any any", "pass on any process.pid 1",
    "pass on process.pid 1 2", "pass on process.exe \"foo", "pass on process.exe fo\"o", "pass on process.pid",
    "pass on process.exe", "pass on process.uid foo", "foo on any", "pass on file.name \"foo",
  ]
  for text in invalid {
    if (try? Ruleset.parsing(Array(text.utf8).span)) != nil { throw .failed("accepted: \(text)") }
  }
}

// MARK: -

extension TestContext {
  /// Opens a queue with rules, which must live longer than the queue.
  fileprivate func open(with ruleset: borrowing Ruleset) throws(TestEnd) -> TestQueue {
    var context = self
    unsafe context.attributes.ruleset = ruleset.storage
    return try context.open()
  }
}

private func parse(_ text: String) throws(TestEnd) -> Ruleset {
  do { return try Ruleset.parsing(Array(text.utf8).span) } catch {
    throw .failed("refused: \(text): \(error.description)")
  }
}

/// `pid` and `id` are the same memory.
private func field(_ code: UInt64, _ id: UInt32) -> quark_rule_field {
  var field = unsafe quark_rule_field()
  unsafe field.code = code
  unsafe field.id = id
  return unsafe field
}
