internal import CLibbpf
internal import QuarkBTF
internal import QuarkCore

/// Looks into types that libbpf has read, for C programs that use libbpf. `types` is its `struct btf`.
public enum LibbpfTypes {
  /// The offset of a member in bytes, or the value of a constant. With `alternatives` the names that other kernels use
  /// are tried, too. Nil if there is none.
  @unsafe public static func offset(
    _ types: OpaquePointer, _ dotname: UnsafePointer<CChar>, alternatives: Bool
  ) -> Int32? {
    if let offset = unsafe memberOffset(types, dotname) { return offset }
    if alternatives, let known = unsafe Dotname(String(cString: dotname)) {
      for spelling in known.spellings.dropFirst() {
        if let offset = unsafe memberOffset(types, spelling.cString) { return offset }
      }
    }
    var value: Int32 = 0
    return unsafe clibbpf_constant(types, dotname, &value) == 0 ? value : nil
  }

  @unsafe public static func parameterCount(_ types: OpaquePointer, function: UnsafePointer<CChar>) -> CInt {
    unsafe clibbpf_parameters(types, function)
  }

  /// The number of parameters of the function that a member of a structure points to.
  @unsafe public static func parameterCount(
    _ types: OpaquePointer, structure: UnsafePointer<CChar>, member: UnsafePointer<CChar>
  ) -> CInt {
    unsafe clibbpf_parameters_of_member(types, structure, member)
  }

  @unsafe public static func parameterIndex(
    _ types: OpaquePointer, function: UnsafePointer<CChar>, name: UnsafePointer<CChar>
  ) -> CInt {
    unsafe clibbpf_index_of_parameter(types, function, name)
  }

  private static func memberOffset(_ types: OpaquePointer, _ dotname: UnsafePointer<CChar>) -> Int32? {
    var type: UInt32 = 0
    return unsafe Int32(exactly: clibbpf_member_offset(types, dotname, &type)).flatMap { $0 < 0 ? nil : $0 }
  }
}

/// The messages of libbpf.
public enum LibbpfLog {
  /// Sends them to the log of quark.h instead of stderr. Opening a queue does the same.
  public static func capture() { clibbpf_capture_log() }
}
