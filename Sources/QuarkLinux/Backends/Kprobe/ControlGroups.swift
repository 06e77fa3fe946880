internal import CLinux

/// The paths of control groups by their ids. An id is the number of the group's folder, and is never used again.
@usableFromInline struct ControlGroups: ~Copyable {
  /// True if the pids controller has its own hierarchy.
  static var hasPidsHierarchy: Bool { MountTable().point(ofType: "cgroup", option: "pids") != nil }

  private var unifiedFolder: FileDescriptor?
  private var pidsFolder: FileDescriptor?
  /// The lengths of the paths of the mount points, bytes.
  private var mountPoints = (unified: 0, pids: 0)
  /// The groups that were found last, by the lowest bits of the id.
  private var known: [(id: UInt64, isPids: Bool, path: [UInt8])]

  init(_ mounts: borrowing MountTable) {
    if let path = mounts.point(ofType: "cgroup2") {
      unifiedFolder = Self.open(path)
      mountPoints.unified = path.count
    }
    if let path = mounts.point(ofType: "cgroup", option: "pids") {
      pidsFolder = Self.open(path)
      mountPoints.pids = path.count
    }
    known = .init(repeating: (0, false, []), count: 64)
  }

  /// The path of the group in the unified hierarchy, or if that is the root, in the hierarchy of the pids controller.
  /// Nil if the group is gone, or if this process lacks the privilege to find it.
  mutating func path(_ unifiedID: UInt64, pidsID: UInt64, _ reader: inout LateReader) -> [UInt8]? {
    let path = unifiedID == 0 ? nil : find(unifiedID, isPids: false, &reader)
    guard pidsID != 0, path.map({ $0.count <= 1 }) ?? true else { return path }
    return find(pidsID, isPids: true, &reader) ?? path
  }

  private mutating func find(_ id: UInt64, isPids: Bool, _ reader: inout LateReader) -> [UInt8]? {
    let slot = Int(truncatingIfNeeded: id) & (known.count - 1)
    if known[slot].id == id, known[slot].isPids == isPids { return known[slot].path }
    let folder = isPids ? pidsFolder?.rawValue : unifiedFolder?.rawValue
    guard let folder else { return nil }
    let found = Self.find(id, in: folder, below: isPids ? mountPoints.pids : mountPoints.unified, &reader)
    if let found { known[slot] = (id, isPids, found) }
    return found
  }

  private static func open(_ path: [UInt8]) -> FileDescriptor? {
    let descriptor = unsafe clinux_open(String(decoding: path, as: UTF8.self), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    return descriptor >= 0 ? FileDescriptor(owning: descriptor) : nil
  }

  private static func find(_ id: UInt64, in folder: CInt, below skipped: Int, _ reader: inout LateReader) -> [UInt8]? {
    let descriptor = clinux_open_kernfs(folder, id)
    guard descriptor >= 0 else { return nil }
    let group = FileDescriptor(owning: descriptor)
    guard reader.readPath(of: group.rawValue) else { return nil }
    let bytes = reader.bytes
    guard bytes.count >= skipped else { return nil }
    var path: [UInt8] = []
    for index in skipped..<bytes.count { path.append(bytes[index]) }
    return path.isEmpty ? [UInt8(ascii: "/")] : path
  }
}
