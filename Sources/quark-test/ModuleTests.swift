import CLinux
import CQuark
import Quark
import QuarkLinux

/// A kernel module is reported when it is in use, whichever call loaded it. A file that is not a module, or a module
/// that is loaded already, is not reported. In a guest without /module.ko only the calls that fail are tested.
func moduleLoads(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_MODULE_LOAD
  var queue = try context.open()
  let hooks = unsafe queue.queue.pointee.hooks
  if context.isKprobe { return try expect(containsLine(hooks, "QQ_MODULE_LOAD: none"), "no word of it:\n\(hooks)") }
  try expect(containsLine(hooks, "module load: ") && !containsLine(hooks, "module load: none"), hooks)
  let image = (try? readFile("/module.ko")) ?? []
  let truth = try Truth()
  let life = try context.live(in: &queue, status: 8) {
    let noModule = [0x7f, 0x45] as [UInt8]
    if unsafe clinux_load_module_image(noModule, noModule.count) == 0 { must("fail", -1) }
    let file = unsafe clinux_open("/bin/exit", O_RDONLY | O_CLOEXEC, 0)
    if clinux_load_module(file) == 0 { must("fail", -1) }
    if !image.isEmpty { load(image, truth) }
    return 8
  }
  let told = life.parts.filter { $0.has(QUARK_EV_MODULE_LOAD) }
  for part in told {
    try expectEqual("events", part.events, UInt64(QUARK_EV_MODULE_LOAD))
    try expectEqual("the module", part.module, truth.text)
  }
  try expectEqual("modules", told.count, image.isEmpty ? 0 : 2)
}

/// Loads a module twice, once with each call, and stores its data.
private func load(_ image: [UInt8], _ truth: borrowing Truth) {
  let file = unsafe clinux_open("/module.ko", O_RDONLY | O_CLOEXEC, 0)
  must("load the module", clinux_load_module(file))
  if clinux_load_module(file) == 0 { must("fail", -1) }
  let name = newestModule()
  truth.text = "\(name) \(word(of: name, "version")) \(word(of: name, "srcversion")) \(taints(of: name))"
  must("unload the module", unsafe clinux_unload_module(name))
  must("load the module's image", unsafe clinux_load_module_image(image, image.count))
  must("unload the module", unsafe clinux_unload_module(name))
}

/// The first module in /proc/modules, which is the newest.
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
