internal import CLibbpf
internal import CLinux

/// Owns one libbpf object: its programs in the kernel, their links and its maps. All of it goes when this goes.
@safe @usableFromInline struct BPFObject: ~Copyable {
  private let object: OpaquePointer
  private var links: [OpaquePointer] = unsafe []

  /// Reads an ELF object that stays where it is for as long as this lives.
  init(elf: UnsafeRawPointer, size: Int) throws(QuarkError) {
    clibbpf_capture_log()
    clinux_log_clear()
    guard let object = unsafe bpf_object__open_mem(elf, size, nil) else {
      throw unsafe Self.failure("open the BPF object", clinux_errno())
    }
    unsafe self.object = object
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    for unsafe link in unsafe links { unsafe bpf_link__destroy(link) }
    unsafe bpf_object__close(object)
  }

  /// Before `load` only.
  func setMaxEntries(map name: StaticString, _ count: Int) throws(QuarkError) {
    let map = unsafe find(name)
    let error = unsafe bpf_map__set_max_entries(map, UInt32(count))
    if error != 0 { throw unsafe Self.failure("size a BPF map", -error, subject: bpf_map__name(map)) }
  }

  func load() throws(QuarkError) {
    let error = unsafe bpf_object__load(object)
    if error != 0 { throw unsafe Self.failure("load the BPF programs", -error) }
  }

  mutating func attach() throws(QuarkError) {
    var next = unsafe bpf_object__next_program(object, nil)
    while let program = unsafe next {
      guard let link = unsafe bpf_program__attach(program) else {
        throw unsafe Self.failure("attach a BPF program", clinux_errno(), subject: bpf_program__name(program))
      }
      unsafe links.append(link)
      unsafe next = bpf_object__next_program(object, program)
    }
  }

  /// Valid after `load`, for as long as this lives.
  func descriptor(ofMap name: StaticString) -> CInt { unsafe bpf_map__fd(find(name)) }

  func maxEntries(ofMap name: StaticString) -> Int { unsafe Int(bpf_map__max_entries(find(name))) }

  /// The maps are ours: one that is missing is a mistake of this program.
  private func find(_ name: StaticString) -> OpaquePointer {
    let characters = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    return unsafe bpf_object__find_map_by_name(object, characters)!
  }

  private static func failure(
    _ attempt: StaticString, _ errno: CInt, subject: UnsafePointer<CChar>? = nil
  ) -> QuarkError {
    var detail = unsafe String(cString: clinux_log_tail())
    if let subject = unsafe subject { unsafe detail = String(cString: subject) + "\n" + detail }
    return QuarkError(attempt, Errno(errno), detail: detail)
  }
}
