internal import CQuark

/// Shared memory that a process got.
public enum SharedMemory: Equatable, Sendable {
  /// A segment of System V, new or one that there was: shmget(2). `size` is what was asked for, in bytes.
  case segment(key: Int64, size: UInt64, flags: Int64)
  /// A memory file, memfd_create(2): what the kernel calls it, `memfd:` and its name, and MFD_*.
  case memoryFile(path: String, flags: UInt32)
}

extension EventProtocol where Self: ~Escapable {
  /// Of an event that is an ``EventKinds/sharedMemory``; else nil.
  public var sharedMemory: SharedMemory? {
    guard let shm = unsafe storage.pointee.shm else { return nil }
    guard let path = unsafe shm.pointee.path else {
      return unsafe .segment(
        key: shm.pointee.shmget_key, size: shm.pointee.shmget_size, flags: shm.pointee.shmget_shmflg)
    }
    return unsafe .memoryFile(path: String(cString: path), flags: shm.pointee.memfd_create_flags)
  }
}
