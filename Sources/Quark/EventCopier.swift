internal import CLinux
internal import CQuark
internal import QuarkCore

/// Copies events and their processes, with everything that they point to. It is a structure because Swift checks each
/// access to a variable of a class; the result is an object that does not change.
@safe struct EventCopier: ~Copyable {
  private(set) var memory: CopyMemory
  private var texts: RepeatedTexts

  /// Makes a copier for one event or one process: most of them need one block.
  init() {
    memory = CopyMemory(blockSize: 1000)
    unsafe texts = RepeatedTexts(sharing: nil)
  }

  /// - Parameter strings: The strings of the queue whose events are copied; the queue must live longer than the copier.
  init(into memory: consuming CopyMemory, sharing strings: UnsafeMutablePointer<StringPool>) {
    self.memory = memory
    unsafe texts = RepeatedTexts(sharing: strings)
  }

  consuming func finish() -> CopyMemory { memory }

  mutating func copy(_ event: UnsafePointer<quark_event>) -> UnsafePointer<quark_event> {
    let process = unsafe event.pointee.process
    let size = unsafe MemoryLayout<quark_event>.stride
    let start = unsafe memory.take(process == nil ? size : size &+ MemoryLayout<quark_process>.stride)
    // The structure is copied as bytes, because copying each member takes five times as long.
    unsafe start.copyMemory(from: event, byteCount: size)
    let copy = unsafe start.bindMemory(to: quark_event.self, capacity: 1)
    if let module = unsafe event.pointee.module_load { unsafe copy.pointee.module_load = copyPayload(module) }
    if let shm = unsafe event.pointee.shm { unsafe copy.pointee.shm = copyPayload(shm) }
    if let tty = unsafe event.pointee.tty { unsafe copy.pointee.tty = copyPayload(tty) }
    if let process = unsafe process { unsafe copy.pointee.process = place(process, at: start + size) }
    return unsafe UnsafePointer(copy)
  }

  mutating func copy(_ process: UnsafePointer<quark_process>) -> UnsafePointer<quark_process> {
    unsafe place(process, at: memory.take(MemoryLayout<quark_process>.stride))
  }

  @inline(never)
  private mutating func copyPayload(_ shm: UnsafePointer<quark_shm>) -> UnsafeMutablePointer<quark_shm> {
    let copy = unsafe memory.take(MemoryLayout<quark_shm>.stride).bindMemory(to: quark_shm.self, capacity: 1)
    unsafe copy.initialize(to: shm.pointee)
    if let path = unsafe shm.pointee.path {
      unsafe copy.pointee.path = UnsafePointer(memory.copy(path, strlen(path) + 1))
    }
    return unsafe copy
  }

  @inline(never)
  private mutating func copyPayload(
    _ module: UnsafePointer<quark_module_load>
  ) -> UnsafeMutablePointer<quark_module_load> {
    let size = unsafe MemoryLayout<quark_module_load>.stride
    let copy = unsafe memory.take(size).bindMemory(to: quark_module_load.self, capacity: 1)
    unsafe copy.initialize(to: module.pointee)
    unsafe copy.pointee.name = memory.copy(module.pointee.name, strlen(module.pointee.name) + 1)
    unsafe copy.pointee.version = memory.copy(module.pointee.version, strlen(module.pointee.version) + 1)
    unsafe copy.pointee.src_version = memory.copy(module.pointee.src_version, strlen(module.pointee.src_version) + 1)
    return unsafe copy
  }

  /// Copies a chain of writes.
  @inline(never)
  private mutating func copyPayload(_ tty: UnsafePointer<quark_tty>) -> UnsafeMutablePointer<quark_tty> {
    let head = unsafe copyWrite(tty)
    var (last, next) = unsafe (head, tty.pointee.next)
    while let write = unsafe next {
      let copy = unsafe copyWrite(write)
      unsafe (last.pointee.next, last, next) = (copy, copy, write.pointee.next)
    }
    return unsafe head
  }

  private mutating func copyWrite(_ tty: UnsafePointer<quark_tty>) -> UnsafeMutablePointer<quark_tty> {
    // The data, and the NUL after it, follow the structure.
    let size = unsafe MemoryLayout<quark_tty>.size + tty.pointee.data_len + 1
    let start = unsafe memory.take(size)
    unsafe start.copyMemory(from: tty, byteCount: size)
    let copy = unsafe start.bindMemory(to: quark_tty.self, capacity: 1)
    unsafe copy.pointee.next = nil
    return unsafe copy
  }

  @inline(__always)
  private mutating func place(
    _ process: UnsafePointer<quark_process>, at start: UnsafeMutableRawPointer
  ) -> UnsafePointer<quark_process> {
    unsafe start.copyMemory(from: process, byteCount: MemoryLayout<quark_process>.stride)
    let copy = unsafe start.bindMemory(to: quark_process.self, capacity: 1)
    unsafe copy.pointee.gc_next = nil
    unsafe copy.pointee.gc_previous = nil
    unsafe copy.pointee.container = nil
    unsafe texts.exe.replace(&copy.pointee.exe, in: &memory, texts.strings) { unsafe strlen($0) &+ 1 }
    unsafe texts.cwd.replace(&copy.pointee.cwd, in: &memory, texts.strings) { unsafe strlen($0) &+ 1 }
    unsafe texts.cgroup.replace(&copy.pointee.cgroup, in: &memory, texts.strings) { unsafe strlen($0) &+ 1 }
    unsafe texts.script.replace(&copy.pointee.script, in: &memory, texts.strings) { unsafe strlen($0) &+ 1 }
    if let list = unsafe copy.pointee.cmdline {
      unsafe copy.pointee.cmdline = memory.copy(list, copy.pointee.cmdline_len)
    }
    let environmentSize = unsafe process.pointee.env_len
    unsafe texts.env.replace(&copy.pointee.env, in: &memory, texts.strings) { _ in environmentSize }
    return unsafe UnsafePointer(copy)
  }
}
