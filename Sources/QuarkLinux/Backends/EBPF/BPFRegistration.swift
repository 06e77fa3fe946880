internal import CLibbpf
internal import CLinux
internal import QuarkCore

/// While this lives, libbpf knows the sections of our objects, and how to load their programs. Sections are registered
/// for the whole program, so two objects must not be opened at the same time. One section that no object has stays
/// registered for ever: clibbpf_register() explains this.
@safe @usableFromInline struct BPFRegistration: ~Copyable {
  /// What programs need when they are loaded: the type ids of the kernel functions to whose entry or return they are
  /// attached.
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
      throw QuarkError("register our sections with libbpf", Errno(-error))
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
