import CLinux
import QuarkLinux

enum Privileges {
  /// Of a machine that has no user of that name: the kernel's own for "nobody" (/proc/sys/kernel/overflowuid).
  private static var overflowID: UInt32 { 65534 }

  /// Becomes nobody, in a root directory that is empty, for good.
  static func drop() throws(QuarkError) {
    let nobody = try QuarkError.attempting("look up the user nobody in /etc/passwd") { () throws(Errno) in
      try Accounts.user(named: "nobody") ?? (overflowID, overflowID)
    }
    try QuarkError.attempting("make an empty directory the root") { () throws(Errno) in
      _ = try Errno.check(clinux_enter_empty_root())
    }
    try QuarkError.attempting("become the user nobody") { () throws(Errno) in
      _ = try Errno.check(clinux_become(nobody.uid, nobody.gid))
    }
  }
}
