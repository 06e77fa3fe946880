import CLinux
import QuarkLinux

enum Privileges {
  /// The id if the machine has no user with this name: the kernel's id for "nobody" (/proc/sys/kernel/overflowuid).
  private static var overflowID: UInt32 { 65534 }

  /// Becomes the user nobody, in an empty root directory, permanently.
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
