internal import CLibbpf
internal import CLinux
internal import QuarkCore

/// For as long as this lives, libbpf knows the sections of our objects, and how their programs are to be loaded. It is
/// told of sections for the whole program, so two objects are not opened at the same time. A section no object has stays
/// known for good: clibbpf_register() says why.
@safe @usableFromInline struct BPFRegistration: ~Copyable {
  /// What programs need when they are loaded: ids among the kernel's types.
  struct Preparation {
    var fentry: [(program: StaticString, functionID: UInt32)] = []
  }

  private let how: UnsafeMutablePointer<clibbpf_preparation>
  private let names: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let ids: UnsafeMutablePointer<UInt32>
  private let handlers: UnsafeMutablePointer<CInt>

  init(_ preparation: Preparation) throws(QuarkError) {
    clibbpf_capture_log()
    let count = preparation.fentry.count
    unsafe names = .allocate(capacity: max(1, count))
    unsafe ids = .allocate(capacity: max(1, count))
    for (index, program) in preparation.fentry.enumerated() {
      unsafe (names + index).initialize(to: program.program.cString)
      unsafe (ids + index).initialize(to: program.functionID)
    }
    unsafe how = .allocate(capacity: 1)
    unsafe how.initialize(
      to: clibbpf_preparation(
        fentry_names: UnsafePointer(names), fentry_ids: UnsafePointer(ids), fentry_count: count))
    unsafe handlers = .allocate(capacity: 3)
    unsafe handlers.initialize(repeating: -1, count: 3)
    let error = unsafe clibbpf_register(how, handlers)
    if error != 0 {
      unsafe handlers[0] = -1
      throw QuarkError("tell libbpf of our sections", Errno(-error))
    }
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    if unsafe handlers[0] >= 0 { unsafe clibbpf_unregister(handlers) }
    unsafe handlers.deallocate()
    unsafe how.deallocate()
    unsafe names.deallocate()
    unsafe ids.deallocate()
  }
}
