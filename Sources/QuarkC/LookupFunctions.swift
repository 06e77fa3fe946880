import CLinux
import CQuark
import QuarkLinux

@c @implementation
public func quark_socket_iter_init(
  _ iterator: UnsafeMutablePointer<quark_socket_iter>!, _ queue: UnsafeMutablePointer<quark_queue>!
) {
  unsafe iterator.pointee = quark_socket_iter(queue: queue, next: 0)
}

@c @implementation
public func quark_socket_iter_next(
  _ iterator: UnsafeMutablePointer<quark_socket_iter>!
) -> UnsafePointer<quark_socket>! { nil }

@c @implementation
public func quark_socket_lookup(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ local: UnsafeMutablePointer<quark_sockaddr>!,
  _ remote: UnsafeMutablePointer<quark_sockaddr>!
) -> UnsafePointer<quark_socket>! {
  let family = unsafe local.pointee.af
  let isKnown = family == AF_INET || family == AF_INET6
  clinux_set_errno(isKnown && (unsafe remote.pointee.af) == family ? ESRCH : EINVAL)
  return nil
}

@c @implementation
public func quark_passwd_lookup(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ uid: uid_t
) -> UnsafeMutablePointer<quark_passwd>! {
  if let user = unsafe Accounts.find(uid, in: users(of: queue), { unsafe $0.uid }) { return unsafe user }
  clinux_set_errno(ESRCH)
  return nil
}

@c @implementation
public func quark_group_lookup(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ gid: gid_t
) -> UnsafeMutablePointer<quark_group>! {
  if let group = unsafe Accounts.find(gid, in: groups(of: queue), { unsafe $0.gid }) { return unsafe group }
  clinux_set_errno(ESRCH)
  return nil
}

// MARK: -

/// Loads the facts about the machine. If the environment variable VALGRIND is set, the accounts are not loaded.
func loadMachine(_ queue: UnsafeMutablePointer<quark_queue>) {
  unsafe queue.pointee.sysinfo = SystemInformation.read()
  guard unsafe clinux_environment("VALGRIND") == nil else { return }
  do throws(Errno) {
    let users = unsafe try Accounts.users { warn("more than one user \($0)", in: "quark_queue_open") }
    unsafe queue.pointee.passwds = users.baseAddress
    unsafe queue.pointee.passwds_len = users.count
  } catch { warn("no users are known: /etc/passwd: \(error.description)", in: "quark_queue_open") }
  do throws(Errno) {
    let groups = unsafe try Accounts.groups { warn("more than one group \($0)", in: "quark_queue_open") }
    unsafe queue.pointee.groups = groups.baseAddress
    unsafe queue.pointee.groups_len = groups.count
  } catch { warn("no groups are known: /etc/group: \(error.description)", in: "quark_queue_open") }
}

func unloadMachine(_ queue: UnsafeMutablePointer<quark_queue>) {
  unsafe SystemInformation.free(&queue.pointee.sysinfo)
  unsafe Accounts.free(users(of: queue))
  unsafe Accounts.free(groups(of: queue))
  unsafe (queue.pointee.passwds, queue.pointee.groups) = (nil, nil)
  unsafe (queue.pointee.passwds_len, queue.pointee.groups_len) = (0, 0)
}

/// Safe: `loadMachine` has stored both, or there are none.
private func users(of queue: UnsafeMutablePointer<quark_queue>) -> UnsafeMutableBufferPointer<quark_passwd> {
  unsafe UnsafeMutableBufferPointer(start: queue.pointee.passwds, count: queue.pointee.passwds_len)
}

private func groups(of queue: UnsafeMutablePointer<quark_queue>) -> UnsafeMutableBufferPointer<quark_group> {
  unsafe UnsafeMutableBufferPointer(start: queue.pointee.groups, count: queue.pointee.groups_len)
}
