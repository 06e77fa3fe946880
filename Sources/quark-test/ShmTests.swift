import CLinux
import CQuark
import Quark
import QuarkLinux

// include/uapi/linux/ipc.h
private let privateKey: CInt = 0, create: CInt = 0o1000, key: CInt = 0x5151_aa, size = 5000

/// Shared memory that a process gets is reported, with any name of a memory file; calls that fail are not.
func sharedMemory(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_SHM
  var queue = try context.open()
  let hooks = unsafe queue.queue.pointee.hooks
  if context.isKprobe { return try expect(containsLine(hooks, "QQ_SHM: none"), "no word of shared memory:\n\(hooks)") }
  let truth = try Truth()
  let life = try context.live(in: &queue, status: 6) {
    getSegments()
    for name in names { make(name, flags: 1) }
    let tooLong = name(250) + [0]
    if unsafe clinux_memfd_create(tooLong.map { CChar(bitPattern: $0) }, 0) >= 0 { must("fail", -1) }
    unsafe startThread(truth) { memory in
      make(Array("of a thread".utf8), flags: 3)
      unsafe memory!.storeBytes(of: 1, as: Int.self)
      return nil
    }
    while truth[0] == 0 { usleep(1000) }
    return 6
  }
  var expected = [
    segment(privateKey, 1, create | 0o600), segment(key, size, create | 0o600), segment(key, size, 0),
  ]
  for name in names { expected.append(Array("memfd:".utf8) + name + Array(" 1".utf8)) }
  expected.append(Array("memfd:of a thread 3".utf8))
  let told = life.parts.filter { $0.has(QUARK_EV_SHM) }
  for part in told { try expectEqual("events", part.events, UInt64(QUARK_EV_SHM)) }
  try expectEqual("how many there are", told.count, expected.count)
  for (index, part) in told.enumerated() {
    let words = String(decoding: part.sharedMemory, as: UTF8.self)
    try expect(part.sharedMemory == expected[index], "number \(index) is \(words)")
  }
}

/// An empty name, one that is not UTF-8, and the longest possible name.
private var names: [[UInt8]] { [[], [0xff, 0x0a, 0x80], name(249)] }

private func name(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "n"), count: count) }

/// In the form of `Life.Part`.
private func segment(_ key: CInt, _ size: Int, _ flags: CInt) -> [UInt8] { Array("\(key) \(size) \(flags)".utf8) }

/// Gets a segment without a key, one with a key, and the same again; two further calls fail.
private func getSegments() {
  let first = clinux_shmget(privateKey, 1, create | 0o600)
  must("get a segment", first)
  if clinux_shmget(key, size, 0) >= 0 { must("fail", -1) }
  let second = clinux_shmget(key, size, create | 0o600)
  must("get a segment with a key", second)
  must("get it again", clinux_shmget(key, size, 0))
  if clinux_shmget(key, 1 << 30, 0) >= 0 { must("fail", -1) }
  must("remove a segment", clinux_shm_remove(first))
  must("remove a segment", clinux_shm_remove(second))
}

private func make(_ name: [UInt8], flags: CUnsignedInt) {
  must("make a memory file", unsafe clinux_memfd_create((name + [0]).map { CChar(bitPattern: $0) }, flags))
}
