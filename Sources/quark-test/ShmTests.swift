import CLinux
import CQuark
import Quark
import QuarkLinux

// include/uapi/linux/ipc.h
private let privateKey: CInt = 0, create: CInt = 0o1000, key: CInt = 0x5151_aa, size = 5000

/// Shared memory that a process gets is told, from wherever it is got and by whichever hooks it is seen, whatever the
/// name of a memory file; what fails is not, nor what is got the same way and is no memory.
func sharedMemory(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_SHM
  if context.isKprobe {
    let hooks = unsafe try context.open().queue.pointee.hooks
    return try expect(containsLine(hooks, "QQ_SHM: none"), "no word of shared memory:\n\(hooks)")
  }
  var expected = [
    segment(privateKey, 1, create | 0o600), segment(key, size, create | 0o600), segment(key, size, 0),
  ]
  for name in names { expected.append(memoryFile(name, flags: 1)) }
  for kind in Place.returns {
    var queue = try context.open(returnsBy: kind)
    for place in Place.allCases {
      let life = try context.live(at: place, in: &queue) {
        getSegments()
        getOthers()
        for name in names { make(name, flags: 1) }
        let tooLong = name(250) + [0]
        if unsafe clinux_memfd_create(tooLong.map { CChar(bitPattern: $0) }, 0) >= 0 { must("fail", -1) }
      }
      try expectMemory(life, expected)
    }
    let used = unsafe queue.queue.pointee.hooks
    for hook in ["shmget: %/ipcget", "memfd_create: %/__x64_sys_memfd_create"] {
      try expectHook(hook, kind, in: used)
    }
  }
}

/// `expected` as `Life.Part` has them.
func expectMemory(_ life: Life, _ expected: [[UInt8]]) throws(TestEnd) {
  let told = life.parts.filter { $0.has(QUARK_EV_SHM) }
  for part in told { try expectEqual("events", part.events, UInt64(QUARK_EV_SHM)) }
  for (index, part) in told.enumerated() where index < expected.count {
    let words = String(decoding: part.sharedMemory, as: UTF8.self)
    try expect(part.sharedMemory == expected[index], "number \(index) is \(words)")
  }
  try expectEqual("how many there are", told.count, expected.count)
}

/// An empty name, one that is not UTF-8, and the longest possible name.
private var names: [[UInt8]] { [[], [0xff, 0x0a, 0x80], name(249)] }

private func name(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "n"), count: count) }

/// As `Life.Part` has them.
func segment(_ key: CInt, _ size: Int, _ flags: CInt) -> [UInt8] { Array("\(key) \(size) \(flags)".utf8) }

func memoryFile(_ name: [UInt8], flags: Int) -> [UInt8] { Array("memfd:".utf8) + name + Array(" \(flags)".utf8) }

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

/// Semaphores and messages, which the kernel gives out by the same function.
private func getOthers() {
  let semaphores = clinux_semget(privateKey, 1, create | 0o600)
  must("get semaphores", semaphores)
  must("remove semaphores", clinux_sem_remove(semaphores))
  let messages = clinux_msgget(privateKey, create | 0o600)
  must("get a queue of messages", messages)
  must("remove a queue of messages", clinux_msg_remove(messages))
}

private func make(_ name: [UInt8], flags: CUnsignedInt) {
  let file = unsafe clinux_memfd_create((name + [0]).map { CChar(bitPattern: $0) }, flags)
  must("make a memory file", file)
  close(file)
}
