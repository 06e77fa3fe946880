internal import CLibbpf
internal import CLinux
internal import QuarkCore

/// For as long as this lives, libbpf knows the sections of our objects, and how their programs are to be loaded. It is
/// told of sections for the whole program, so two objects are not opened at the same time. A section no object has stays
/// known for good: clibbpf_register() says why.
@safe @usableFromInline struct BPFRegistration: ~Copyable {
  /// What programs need when they are loaded: ids among the kernel's types of the functions whose entry or return they
  /// are for.
  struct Preparation {
    var functions: [(program: StaticString, functionID: UInt32)] = []
  }

  private let how: UnsafeMutablePointer<clibbpf_preparation>
  private let names: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let ids: UnsafeMutablePointer<UInt32>
  private let handlers: UnsafeMutablePointer<CInt>

  init(_ preparation: Preparation) throws(QuarkError) {
    clibbpf_capture_log()
    let count = preparation.functions.count
    unsafe names = .allocate(capacity: max(1, count))
    unsafe ids = .allocate(capacity: max(1, count))
    for (index, program) in preparation.functions.enumerated() {
      unsafe (names + index).initialize(to: program.program.cString)
      unsafe (ids + index).initialize(to: program.functionID)
    }
    unsafe how = .allocate(capacity: 1)
    unsafe how.initialize(
      to: clibbpf_preparation(
        function_names: UnsafePointer(names), function_ids: UnsafePointer(ids), function_count: count))
    unsafe handlers = .allocate(capacity: Int(CLIBBPF_SECTIONS))
    unsafe handlers.initialize(repeating: -1, count: Int(CLIBBPF_SECTIONS))
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
