internal import CLinux

/// An epoll(7) instance: the descriptor that clients of a queue wait for.
public struct Epoll: ~Copyable {
  private let descriptor: FileDescriptor

  public init() throws(Errno) {
    descriptor = FileDescriptor(owning: try Errno.check(epoll_create1(CInt(EPOLL_CLOEXEC))))
  }

  public var rawValue: CInt { descriptor.rawValue }

  /// Adds `readable`, level-triggered; it must stay open as long as this.
  public func add(readable: CInt) throws(Errno) { try Self.add(readable: readable, to: rawValue) }

  /// The same with the descriptor of an instance.
  static func add(readable: CInt, to instance: CInt) throws(Errno) {
    var event = unsafe epoll_event()
    unsafe event.events = EPOLLIN.rawValue
    try unsafe Errno.check(epoll_ctl(instance, EPOLL_CTL_ADD, readable, &event))
  }

  /// Returns when a descriptor is readable or `milliseconds` have passed. Throws EINTR at a signal.
  public func wait(milliseconds: CInt) throws(Errno) {
    var event = unsafe epoll_event()
    try unsafe Errno.check(epoll_wait(rawValue, &event, 1, milliseconds))
  }
}
