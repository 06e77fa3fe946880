internal import CQuark

/// A module of the kernel that was loaded.
public struct ModuleLoad: Equatable, Sendable {
  public let name: String
  /// "": it does not say.
  public let version: String
  /// "": it does not say.
  public let sourceVersion: String
  /// How it taints the kernel, a bit each.
  public let taints: UInt64
}

extension EventProtocol where Self: ~Escapable {
  /// Of an event that is an ``EventKinds/moduleLoad``; else nil.
  public var moduleLoad: ModuleLoad? {
    guard let module = unsafe storage.pointee.module_load else { return nil }
    return unsafe ModuleLoad(
      name: String(cString: module.pointee.name), version: String(cString: module.pointee.version),
      sourceVersion: String(cString: module.pointee.src_version), taints: module.pointee.taints)
  }
}
