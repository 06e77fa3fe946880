internal import CQuark

/// A kernel module that was loaded.
public struct ModuleLoad: Equatable, Sendable {
  public let name: String
  /// "" if the module has none.
  public let version: String
  /// "" if the module has none.
  public let sourceVersion: String
  /// How the module taints the kernel, one bit per reason.
  public let taints: UInt64
}

extension EventProtocol where Self: ~Escapable {
  /// The module, if the event is an ``EventKinds/moduleLoad``; otherwise nil.
  public var moduleLoad: ModuleLoad? {
    guard let module = unsafe storage.pointee.module_load else { return nil }
    return unsafe ModuleLoad(
      name: String(cString: module.pointee.name), version: String(cString: module.pointee.version),
      sourceVersion: String(cString: module.pointee.src_version), taints: module.pointee.taints)
  }
}
