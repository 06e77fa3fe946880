import CLinux
import CQuark
import Quark
import QuarkLinux

/// Where kmatrix puts modules of the kernel under test: one without a version, one with, and one whose beginning fails.
private let loadable = ["dummy", "hangcheck-timer"], failing = "edd"

/// A module of the kernel is told when it is in use, by whichever call and thread it was loaded, compressed or not; one
/// whose beginning fails, or that is loaded already, is not.
func moduleLoads(_ context: TestContext) throws(TestEnd) {
  if unsafe access(path(of: loadable[0]), R_OK) != 0 { throw .skipped("no module of this kernel is in /modules") }
  // A module can be loaded but once.
  let lock = try TestLock(of: path(of: loadable[0]))
  defer { extendLifetime(lock) }
  var context = context
  context.attributes.flags |= QQ_MODULE_LOAD
  var queue = try context.open()
  try expectHook(in: queue)
  var images: [[UInt8]] = []
  for name in loadable { images.append(try readFile(path(of: name))) }
  let broken = try readFile(path(of: failing))
  let truth = try Truth()
  let life = try context.live(in: &queue, status: 8) {
    for (index, name) in loadable.enumerated() { load(name, images[index], truth) }
    loadByThread(truth)
    failToBegin(broken)
    return 8
  }
  let told = life.parts.filter { $0.has(QUARK_EV_MODULE_LOAD) }
  for part in told { try expectEqual("events", part.events, UInt64(QUARK_EV_MODULE_LOAD)) }
  try expectEqual("modules", told.map { "\($0.module)\n" }.joined(), truth.text)
  if context.verbosity > 0 { FileDescriptor.complain(truth.text) }
  try expectAllLoads(context, in: &queue, image: images[0])
}

/// What is no module is not told; nor are there any words of modules where there is no module.
func moduleFails(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_MODULE_LOAD
  var queue = try context.open()
  try expectHook(in: queue)
  let life = try context.live(in: &queue, status: 8) {
    let noModule = [0x7f, 0x45] as [UInt8]
    if unsafe clinux_load_module_image(noModule, noModule.count) == 0 { must("fail", -1) }
    let file = unsafe clinux_open("/bin/exit", O_RDONLY | O_CLOEXEC, 0)
    if clinux_load_module(file) == 0 || clinux_load_packed_module(file) == 0 { must("fail", -1) }
    return 8
  }
  try expectEqual("modules", life.count(QUARK_EV_MODULE_LOAD), 0)
}

private func expectHook(in queue: borrowing TestQueue) throws(TestEnd) {
  let hooks = unsafe queue.queue.pointee.hooks
  try expect(containsLine(hooks, "module load: ") && !containsLine(hooks, "module load: none"), hooks)
}

// MARK: - Loads, in a child

private func path(of module: String) -> String { "/modules/\(module).ko" }

private func openFile(_ path: String) -> CInt {
  let file = unsafe clinux_open(path, O_RDONLY | O_CLOEXEC, 0)
  must("open a module", file)
  return file
}

/// Loads a module by each call, and appends a line that tells what it is for each.
private func load(_ module: String, _ image: [UInt8], _ truth: borrowing Truth) {
  let file = openFile(path(of: module))
  must("load the module", clinux_load_module(file))
  if clinux_load_module(file) == 0 || Errno.current.rawValue != EEXIST { must("fail, for it is loaded", -1) }
  let name = newestModule()
  let line = "\(name) \(word(of: name, "version")) \(word(of: name, "srcversion")) \(taints(of: name))\n"
  must("unload the module", unsafe clinux_unload_module(name))
  must("load the module's image", unsafe clinux_load_module_image(image, image.count))
  must("unload the module", unsafe clinux_unload_module(name))
  truth.text += line + line
  for ending in ["xz", "zst", "gz"] {
    let packed = "\(path(of: module)).\(ending)"
    if unsafe access(packed, R_OK) != 0 { continue }
    if clinux_load_packed_module(openFile(packed)) != 0 {
      // The kernel unpacks none, or none of that kind.
      let error = Errno.current.rawValue
      if error != EINVAL, error != EOPNOTSUPP { must("load a compressed module", -1) }
      continue
    }
    must("unload the module", unsafe clinux_unload_module(name))
    truth.text += line
  }
  close(file)
}

private func loadByThread(_ truth: borrowing Truth) {
  let lines = truth.text
  truth.text = lines + lines.prefix { $0 != "\n" } + "\n"
  unsafe startThread(truth) { memory in
    must("load the module", clinux_load_module(openFile(path(of: loadable[0]))))
    must("unload the module", unsafe clinux_unload_module(loadable[0]))
    unsafe memory!.storeBytes(of: 1, as: Int.self)
    return nil
  }
  while truth[0] == 0 { usleep(1000) }
}

private func failToBegin(_ image: [UInt8]) {
  for isImage in [false, true] {
    let isLoaded =
      unsafe isImage
      ? clinux_load_module_image(image, image.count) == 0 : clinux_load_module(openFile(path(of: failing))) == 0
    if isLoaded || Errno.current.rawValue != ENODEV { must("fail to begin", -1) }
  }
}

// MARK: - Under load

/// A module is loaded again and again while processes come and go: each time is told, or counted as lost.
private func expectAllLoads(
  _ context: TestContext, in queue: inout TestQueue, image: [UInt8]
) throws(TestEnd) {
  // A load takes some milliseconds.
  let rounds = min(10_000, Options.amount("QUARK_TEST_LOAD") ?? 8)
  let truth = try Truth()
  let before = try queue.counters()
  let busy = try start {
    while truth[0] == 0 {
      let pid = clinux_spawn_exit(0, 0)
      if pid > 0 { _ = try? wait(for: pid) }
    }
    return 0
  }
  defer { truth[0] = 1 }
  let loader = try start {
    for round in 0..<rounds {
      if round % 2 == 0 {
        let file = openFile(path(of: loadable[0]))
        must("load the module", clinux_load_module(file))
        close(file)
      } else {
        must("load the module's image", unsafe clinux_load_module_image(image, image.count))
      }
      must("unload the module", unsafe clinux_unload_module(loadable[0]))
    }
    return 0
  }
  var told = 0
  func read() throws(TestEnd) {
    while let event = unsafe queue.queue.pointee.nextEvent() {
      if unsafe event.pointee.events & UInt64(QUARK_EV_MODULE_LOAD) != 0 { told += 1 }
    }
    do { try unsafe queue.queue.pointee.block() } catch { throw .failed("block: \(error.description)") }
  }
  var status: CInt = 0
  while unsafe waitpid(loader, &status, WNOHANG) == 0 { try read() }
  try expectEqual("the loader's end", status, 0)
  truth[0] = 1
  _ = try wait(for: busy)
  // All of it is in the ring, or in the queue, which holds it for a while.
  try queue.populate()
  while unsafe queue.queue.pointee.length > 0 { try read() }
  let after = try queue.counters()
  let lost = Int(unsafe families(after).modules - families(before).modules)
  let unknown = Int(after.lost - before.lost) - Int(unsafe families(after).all - families(before).all)
  if context.verbosity > 0 {
    FileDescriptor.complain("\(rounds) loads: \(told) told, \(lost) lost, \(unknown) lost of any family\n")
  }
  if unknown == 0 { return try expectEqual("loads told and lost", told + lost, rounds) }
  // A ring of a kernel before 6.0 does not say whose records it lost.
  try expect(told + lost <= rounds && told + lost + unknown >= rounds, "\(told) told, \(lost) lost of \(rounds)")
}

@unsafe private func families(_ counters: quark_queue_stats) -> (modules: UInt64, all: UInt64) {
  unsafe withUnsafeBytes(of: counters.lost_by_family) { bytes in
    let counts = unsafe bytes.bindMemory(to: UInt64.self)
    return unsafe (counts[Int(QUARK_FAMILY_MODULE.rawValue)], counts.reduce(0, &+))
  }
}

// MARK: - What the kernel says

/// Of /proc/modules, which has the newest first.
private func newestModule() -> String {
  let bytes = (try? readFile("/proc/modules")) ?? []
  return String(decoding: bytes.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
}

/// A value that the kernel has for a module; empty if it has none.
private func word(of module: String, _ file: String) -> String {
  let bytes = (try? readFile("/sys/module/\(module)/\(file)")) ?? []
  return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
}

/// The taints as bits: the kernel shows letters; `O` is bit 12 and `E` is bit 13.
private func taints(of module: String) -> UInt64 {
  var bits: UInt64 = 0
  for letter in word(of: module, "taint").utf8 {
    for (bit, other) in "PFSRMBUDAWCIOELKXTN".utf8.enumerated() where letter == other { bits |= 1 << UInt64(bit) }
  }
  return bits
}
