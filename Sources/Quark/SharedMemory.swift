internal import CQuark

/// Shared memory that a process got.
public enum SharedMemory: Equatable, Sendable {
  /// A System V segment, new or existing: shmget(2). `size` is what the process asked for, in bytes.
  case segment(key: Int64, size: UInt64, flags: Int64)
  /// A memory file, memfd_create(2): the kernel's name for it, `memfd:` and its name, and MFD_* flags.
  case memoryFile(path: String, flags: UInt32)
}

extension EventProtocol where Self: ~Escapable {
  /// The shared memory, if the event is an ``EventKinds/sharedMemory``; otherwise nil.
  public var sharedMemory: SharedMemory? {
    guard let shm = unsafe storage.pointee.shm else { return nil }
    guard let path = unsafe shm.pointee.path else {
      return unsafe .segment(
        key: shm.pointee.shmget_key, size: shm.pointee.shmget_size, flags: shm.pointee.shmget_shmflg)
    }
    return unsafe .memoryFile(path: String(cString: path), flags: shm.pointee.memfd_create_flags)
  }
}
