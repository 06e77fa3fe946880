import CLinux
import CQuark
import QuarkBTF
import QuarkCore
import QuarkLinux

@c @implementation
public func quark_btf_open() -> UnsafeMutablePointer<quark_btf>! {
  do {
    let offsets = try KernelOffsets.running()
    var name = SystemName().release
    if case .types = offsets.origin { name = "sys" }
    return unsafe make(offsets, name)
  } catch {
    return unsafe refuse(error.errno)
  }
}

@c @implementation
public func quark_btf_open2(
  _ path: UnsafePointer<CChar>!, _ kname: UnsafePointer<CChar>!
) -> UnsafeMutablePointer<quark_btf>! {
  let name = unsafe kname.map { unsafe String(cString: $0) } ?? "sys"
  let file = unsafe path.map { unsafe String(cString: $0) } ?? KernelOffsets.systemPath
  do { return unsafe make(try KernelOffsets(btf: file), name) } catch { return unsafe refuse(error.errno) }
}

@c @implementation
public func quark_btf_open_hub(_ version: UnsafePointer<CChar>!) -> UnsafeMutablePointer<quark_btf>! {
  guard let version = unsafe version else { return unsafe refuse(Errno(EINVAL)) }
  let release = unsafe String(cString: version)
  guard let offsets = KernelOffsets.known(release: release, machine: SystemName().machine).offsets else {
    return unsafe refuse(Errno(ENOENT))
  }
  return unsafe make(offsets, release)
}

@c @implementation
public func quark_btf_close(_ btf: UnsafeMutablePointer<quark_btf>!) {
  guard let btf = unsafe btf else { return }
  unsafe free(btf.pointee.kname)
  unsafe free(btf)
}

@c @implementation
public func quark_btf_offset(_ btf: UnsafeMutablePointer<quark_btf>!, _ dotname: UnsafePointer<CChar>!) -> Int {
  guard let btf = unsafe btf, let dotname = unsafe dotname, let name = unsafe Dotname(String(cString: dotname)) else {
    return -1
  }
  return unsafe targets(of: btf)[place(of: name)].offset
}

@c @implementation
public func btf_root_offset(_ btf: OpaquePointer!, _ dotname: UnsafePointer<CChar>!, _ alternatives: CInt) -> s32 {
  unsafe LibbpfTypes.offset(btf, dotname, alternatives: alternatives != 0) ?? -1
}

@c @implementation
public func btf_number_of_params(_ btf: OpaquePointer!, _ function: UnsafePointer<CChar>!) -> CInt {
  unsafe LibbpfTypes.parameterCount(btf, function: function)
}

@c @implementation
public func btf_number_of_params_of_ptr(
  _ btf: OpaquePointer!, _ structure: UnsafePointer<CChar>!, _ member: UnsafePointer<CChar>!
) -> CInt {
  unsafe LibbpfTypes.parameterCount(btf, structure: structure, member: member)
}

@c @implementation
public func btf_index_of_param(
  _ btf: OpaquePointer!, _ function: UnsafePointer<CChar>!, _ name: UnsafePointer<CChar>!
) -> CInt {
  unsafe LibbpfTypes.parameterIndex(btf, function: function, name: name)
}

/// The list ends after the offsets that every kernel must have; those that a kernel may lack come after its end.
private func place(of name: Dotname) -> Int { name.rawValue + (name.isRequired ? 0 : 1) }

private func targets(of btf: UnsafeMutablePointer<quark_btf>) -> UnsafeMutablePointer<quark_btf_target> {
  // Safe: a flexible array begins at the end of the structure, and both are aligned like pointers.
  unsafe UnsafeMutableRawPointer(btf + 1).assumingMemoryBound(to: quark_btf_target.self)
}

private func make(_ offsets: KernelOffsets, _ name: String) -> UnsafeMutablePointer<quark_btf>? {
  let count = Dotname.count + 1
  let size = unsafe MemoryLayout<quark_btf>.size + count * MemoryLayout<quark_btf_target>.stride
  guard let memory = unsafe calloc(1, size) else { return unsafe refuse(Errno(ENOMEM)) }
  guard let kname = unsafe strdup(name) else {
    unsafe free(memory)
    return unsafe refuse(Errno(ENOMEM))
  }
  let btf = unsafe memory.bindMemory(to: quark_btf.self, capacity: 1)
  unsafe btf.pointee.kname = kname
  let list = unsafe targets(of: btf)
  unsafe list[Dotname.requiredCount] = quark_btf_target(dotname: nil, offset: -1)
  for name in Dotname.allCases {
    unsafe list[place(of: name)] = quark_btf_target(dotname: name.name.cString, offset: offsets[name] ?? -1)
  }
  return unsafe btf
}

private func refuse(_ errno: Errno) -> UnsafeMutablePointer<quark_btf>? {
  clinux_set_errno(errno.rawValue)
  return nil
}
