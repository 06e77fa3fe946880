internal import CLinux

/// Prepares the guest for a program. It runs in the child: if something fails, the guest ends with a message.
enum Guest {
  static func prepare() {
    unsafe setenv("PATH", "/bin", 1)
    unsafe setenv("QUARK_INITRAMFS", "1", 1)
    for directory in ["/dev", "/tmp", "/proc", "/sys"] { make(directory) }
    mount("devtmpfs", on: "/dev")
    make("/dev/pts")
    // An error is ignored here: a program that needs a terminal will report it.
    _ = tryMount("devpts", on: "/dev/pts")
    make("/dev/shm")
    mount("tmpfs", on: "/dev/shm", flags: UInt(MS_NODEV))
    mount("tmpfs", on: "/tmp")
    mount("proc", on: "/proc")
    // TOMOYO, which is enabled in Debian's 5.10, looks up a file that is executed by its descriptor as /dev/fd/N.
    if unsafe symlink("/proc/self/fd", "/dev/fd") != 0, clinux_errno() != EEXIST { fail("make /dev/fd") }
    mount("sysfs", on: "/sys")
    if !tryMount("tracefs", on: "/sys/kernel/tracing") { mount("debugfs", on: "/sys/kernel/debug") }
    mount("cgroup2", on: "/sys/fs/cgroup")
    if clinux_loopback_up() != 0 { fail("bring the loopback interface up") }
  }

  private static func make(_ directory: String) {
    if unsafe mkdir(directory, 0o755) != 0, clinux_errno() != EEXIST { fail("make \(directory)") }
  }

  private static func mount(_ type: String, on directory: String, flags: UInt = 0) {
    if !tryMount(type, on: directory, flags: flags) { fail("mount \(type) on \(directory)") }
  }

  private static func tryMount(_ type: String, on directory: String, flags: UInt = 0) -> Bool {
    // EBUSY: a kernel may have mounted devtmpfs before init starts (CONFIG_DEVTMPFS_MOUNT).
    unsafe CLinux.mount(type, directory, type, flags, nil) == 0 || clinux_errno() == EBUSY
  }
}

func say(_ message: String) {
  let bytes = Array(message.utf8)
  _ = unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

/// Ends the child, which ends the guest.
func fail(_ attempt: String) -> Never {
  let reason = unsafe String(cString: strerror(clinux_errno()))
  say("quark-init: cannot \(attempt): \(reason)\n")
  _exit(1)
}
