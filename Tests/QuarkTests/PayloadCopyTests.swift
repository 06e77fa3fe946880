import CLinux
import CQuark
import Testing

@testable import Quark

/// Copies of events that are gone, of families with a payload.
@Suite struct PayloadCopyTests {
  /// A copy, made before what the event points to is overwritten.
  func copy(_ event: quark_event, overwriting texts: [UnsafeMutablePointer<CChar>]) -> Event {
    var copier = EventCopier()
    let storage = unsafe withUnsafePointer(to: event) { unsafe copier.copy($0) }
    for unsafe text in unsafe texts { unsafe text.update(repeating: 1, count: strlen(text)) }
    return unsafe Event(CopiedEvents(in: copier.finish()), storage)
  }

  @Test func memoryFile() {
    let path = unsafe strdup("memfd:\u{e9}")!
    defer { unsafe free(path) }
    var shm = unsafe quark_shm()
    unsafe (shm.kind, shm.memfd_create_flags, shm.path) = (QUARK_SHM_MEMFD_CREATE, 3, UnsafePointer(path))
    let event = unsafe withUnsafeMutablePointer(to: &shm) { shm in
      var event = unsafe quark_event()
      unsafe (event.events, event.shm) = (UInt64(QUARK_EV_SHM), shm)
      return unsafe copy(event, overwriting: [path])
    }
    unsafe shm = quark_shm()
    #expect(event.kinds == .sharedMemory && event.moduleLoad == nil && event.ptrace == nil)
    #expect(event.sharedMemory == .memoryFile(path: "memfd:\u{e9}", flags: 3))
  }

  @Test func segment() {
    var shm = unsafe quark_shm()
    unsafe (shm.kind, shm.shmget_key, shm.shmget_size, shm.shmget_shmflg) = (QUARK_SHM_SHMGET, -2, 4096, 0o1600)
    let event = unsafe withUnsafeMutablePointer(to: &shm) { shm in
      var event = unsafe quark_event()
      unsafe (event.events, event.shm) = (UInt64(QUARK_EV_SHM), shm)
      return unsafe copy(event, overwriting: [])
    }
    unsafe shm = quark_shm()
    #expect(event.sharedMemory == .segment(key: -2, size: 4096, flags: 0o1600))
  }

  @Test func module() {
    let texts: [UnsafeMutablePointer<CChar>] = unsafe [strdup("dummy")!, strdup("")!, strdup("1F")!]
    defer { for unsafe text in unsafe texts { unsafe free(text) } }
    var module = unsafe quark_module_load(name: texts[0], version: texts[1], src_version: texts[2], taints: 4)
    let event = unsafe withUnsafeMutablePointer(to: &module) { (module: UnsafeMutablePointer<quark_module_load>) in
      var event = unsafe quark_event()
      unsafe (event.events, event.module_load) = (UInt64(QUARK_EV_MODULE_LOAD), module)
      return unsafe copy(event, overwriting: texts)
    }
    unsafe module = quark_module_load()
    #expect(event.moduleLoad == ModuleLoad(name: "dummy", version: "", sourceVersion: "1F", taints: 4))
    #expect(event.sharedMemory == nil)
  }

  @Test func terminal() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 8)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: 256)
    let first = unsafe memory.bindMemory(to: quark_tty.self, capacity: 1)
    let second = unsafe (memory + 128).bindMemory(to: quark_tty.self, capacity: 1)
    for unsafe (write, words) in unsafe [(first, "one"), (second, "\u{1b}\0")] {
      unsafe (write.pointee.data_len, write.pointee.major, write.pointee.minor) = (words.utf8.count, 136, 5)
      for (index, byte) in words.utf8.enumerated() {
        unsafe UnsafeMutableRawPointer(write).storeBytes(
          of: byte, toByteOffset: MemoryLayout<quark_tty>.size + index, as: UInt8.self)
      }
    }
    unsafe (first.pointee.next, first.pointee.cols, second.pointee.truncated) = (second, 80, 9)
    var event = unsafe quark_event()
    unsafe (event.events, event.tty, event.tty_flags) = (UInt64(QUARK_EV_TTY), first, UInt32(QUARK_TTY_F_INPUT))
    let copied = unsafe copy(event, overwriting: [])
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 1, count: 256)
    #expect(
      copied.terminalWrite
        == TerminalWrite(
          major: 136, minor: 5, columns: 80, rows: 0, inputModes: 0, outputModes: 0, controlModes: 0, localModes: 0,
          isInput: true, writes: [Array("one".utf8), [0x1b, 0]], truncated: 9))
    #expect(copied.kinds == .terminalWrite && copied.sharedMemory == nil)
  }

  @Test func ptrace() {
    var event = unsafe quark_event()
    unsafe event.events = UInt64(QUARK_EV_PTRACE)
    unsafe event.ptrace = quark_ptrace(child_pid: 7, request: 16, addr: 1, data: .max)
    let copied = unsafe copy(event, overwriting: [])
    #expect(copied.ptrace == Ptrace(childPID: 7, request: 16, address: 1, data: .max))
    #expect(copied.text.hasPrefix("->0 (PTRACE)\n  PTRA\tpid=7 request=0x10 addr=0x1 data=0xffffffffffffffff\n"))
  }
}
