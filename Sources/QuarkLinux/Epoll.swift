internal import CLinux

/// An epoll(7) instance: the one descriptor a queue's clients wait on.
public struct Epoll: ~Copyable {
  private let descriptor: FileDescriptor

  public init() throws(Errno) {
    descriptor = FileDescriptor(owning: try Errno.check(epoll_create1(CInt(EPOLL_CLOEXEC))))
  }

  public var rawValue: CInt { descriptor.rawValue }

  /// Level-triggered readability of `readable`, which must stay open as long as this does.
  public func add(readable: CInt) throws(Errno) { try Self.add(readable: readable, to: rawValue) }

  /// The same, by an instance's descriptor.
  static func add(readable: CInt, to instance: CInt) throws(Errno) {
    var event = unsafe epoll_event()
    unsafe event.events = EPOLLIN.rawValue
    try unsafe Errno.check(epoll_ctl(instance, EPOLL_CTL_ADD, readable, &event))
  }

  /// Returns when something is readable or `milliseconds` have passed. A signal throws EINTR.
  public func wait(milliseconds: CInt) throws(Errno) {
    var event = unsafe epoll_event()
    try unsafe Errno.check(epoll_wait(rawValue, &event, 1, milliseconds))
  }
}
