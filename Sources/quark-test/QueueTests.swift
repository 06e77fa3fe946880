import CLinux
import CQuark
import Quark
import QuarkCore

/// This process is known from the start; a child is known for the grace time after its exit, and then forgotten.
func cacheGrace(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.cache_grace_time = 100
  var queue = try context.open()
  try expect(try queue.lookup(pid: UInt32(getpid())) != nil, "this process is not known right after open")
  let child = try runTrue()
  _ = try queue.next(of: child)
  try expect(try queue.lookup(pid: UInt32(child)) != nil, "the child is not known after its event")
  usleep(110_000)
  _ = unsafe queue.queue.pointee.nextEvent()
  try expect(try queue.lookup(pid: UInt32(child)) == nil, "the child is still known after its grace time")
  try expect(try queue.counters().garbage_collections > 0, "and no collection is counted")
}

/// With the minimal matrix fork, exec and exit are one event each.
func minimalAggregation(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_MIN_AGG
  try expectThreeEvents(context)
}

/// The same if every cell of the matrix is empty.
func emptyMatrix(_ context: TestContext) throws(TestEnd) { try expectThreeEvents(context) }

private func expectThreeEvents(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let child = try runTrue()
  for wanted in [QUARK_EV_FORK, QUARK_EV_EXEC, QUARK_EV_EXIT] {
    try expectEqual("events", try queue.next(of: child).events, UInt64(wanted))
  }
  guard let known = try queue.lookup(pid: UInt32(child)) else { throw .failed("the child is not known") }
  try expectEqual("exit_code", known.exitCode, 0)
  try expect(known.exitTime > 0, "no exit time")
}

/// The counters begin at 0 and count.
func statistics(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let before = try queue.counters()
  try expectEqual("backend", before.backend, context.isKprobe ? QQ_KPROBE : QQ_EBPF)
  let counters = [
    before.insertions, before.removals, before.aggregations, before.non_aggregations, before.lost,
    before.garbage_collections, before.malformed, before.late, before.refused,
  ]
  try expect(counters.allSatisfy { $0 == 0 }, "a counter is not 0 right after open")
  _ = try queue.next(of: try runTrue())
  let after = try queue.counters()
  try expect(after.insertions >= 3, "\(after.insertions) insertions of fork, exec and exit")
  try expect(after.removals >= 3, "\(after.removals) removals of fork, exec and exit")
  try expect(after.aggregations >= 1, "no aggregation")
  try expectEqual("lost", after.lost, 0)
  try expectEqual("malformed", after.malformed, 0)
}

/// The container in the path of a control group; this needs no queue.
func cgroupParse(_ context: TestContext) throws(TestEnd) {
  try expectContainer("foo/docker-f6aa.scope", "docker://f6aa")
  try expectContainer("foo/cri-containerd-abc123def456.scope", "containerd://abc123def456")
  try expectContainer("foo/crio-0123.scope", "cri-o://0123")
  try expectContainer("/docker-.scope", "docker://")
  try expectContainer("crio-0123.scope", nil)
  try expectContainer("foo/docker-abc", nil)
  try expectContainer("foo/something-abc.scope", nil)
}

private func expectContainer(_ path: String, _ expected: String?) throws(TestEnd) {
  let id = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text -> String? in
    guard unsafe ContainerID.write(cgroup: Array(path.utf8).span, to: text) != nil else { return nil }
    return unsafe String(cString: text.baseAddress!)
  }
  try expect(equal(id ?? "none", expected ?? "none"), "\(path) is \(id ?? "none"), expected \(expected ?? "none")")
}
