internal import CLinux
public import CQuark
internal import QuarkCore

/// Facts about the machine, as the C structure; its strings are on the heap.
public enum SystemInformation {
  /// The caller passes the result to `free`. Unknown members are nil.
  @unsafe public static func read() -> quark_sysinfo {
    var info = unsafe quark_sysinfo()
    unsafe readRelease(&info)
    unsafe readNames(&info)
    unsafe info.ip_addrs = clinux_ip_addresses(&info.ip_addrs_len)
    unsafe info.mac_addrs = clinux_hardware_addresses(&info.mac_addrs_len)
    return unsafe info
  }

  /// The members that begin with `os_`, from os-release(5).
  @unsafe public static func readRelease(_ info: inout quark_sysinfo) {
    var buffer = ReadBuffer(capacity: 4096)
    // os-release(5): the first file that exists counts.
    for path: StaticString in ["/etc/os-release", "/usr/lib/os-release"] {
      guard unsafe (try? buffer.readFile((path as StaticString).cString, in: AT_FDCWD, limit: 64 << 10)) != nil else { continue }
      var values = unsafe info
      OSRelease.read(buffer.bytes) { key, value in unsafe set(key, value, of: &values) }
      unsafe info = values
      return
    }
  }

  @unsafe public static func free(_ info: inout quark_sysinfo) {
    let texts = unsafe [
      info.boot_id, info.hostname, info.uts_sysname, info.uts_nodename, info.uts_release, info.uts_version,
      info.uts_machine, info.os_name, info.os_version, info.os_release_type, info.os_id, info.os_version_id,
      info.os_version_codename, info.os_pretty_name,
    ]
    for unsafe text in unsafe texts { unsafe CLinux.free(text) }
    unsafe clinux_free_texts(info.ip_addrs, info.ip_addrs_len)
    unsafe clinux_free_texts(info.mac_addrs, info.mac_addrs_len)
    unsafe info = quark_sysinfo()
  }

  // MARK: -

  private static func readNames(_ info: inout quark_sysinfo) {
    var buffer = ReadBuffer(capacity: 256)
    if unsafe (try? buffer.readFile(("/proc/sys/kernel/random/boot_id" as StaticString).cString, in: AT_FDCWD, limit: 256)) != nil,
      buffer.bytes.count > 1
    {
      unsafe info.boot_id = copy(buffer.bytes.extracting(0..<buffer.bytes.count - 1))
    }
    var name = utsname()
    guard unsafe uname(&name) == 0 else { return }
    unsafe info.uts_sysname = copy(&name.sysname)
    unsafe info.uts_nodename = copy(&name.nodename)
    unsafe info.uts_release = copy(&name.release)
    unsafe info.uts_version = copy(&name.version)
    unsafe info.uts_machine = copy(&name.machine)
    // gethostname(2) returns the same member.
    unsafe info.hostname = copy(&name.nodename)
  }

  /// If a key is there twice, the last line counts, as in a shell.
  private static func set(_ key: OSRelease.Key, _ value: Span<UInt8>, of info: inout quark_sysinfo) {
    let text = unsafe copy(value)
    switch key {
    case .name: unsafe replace(&info.os_name, text)
    case .version: unsafe replace(&info.os_version, text)
    case .releaseType: unsafe replace(&info.os_release_type, text)
    case .id: unsafe replace(&info.os_id, text)
    case .versionID: unsafe replace(&info.os_version_id, text)
    case .versionCodename: unsafe replace(&info.os_version_codename, text)
    case .prettyName: unsafe replace(&info.os_pretty_name, text)
    }
  }

  private static func replace(_ member: inout UnsafeMutablePointer<CChar>?, _ text: UnsafeMutablePointer<CChar>?) {
    unsafe CLinux.free(member)
    unsafe member = text
  }

  private static func copy(_ bytes: Span<UInt8>) -> UnsafeMutablePointer<CChar>? {
    // Safe: the bytes are only read, and not more than there are.
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe strndup(bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? ("" as StaticString).cString, bytes.count)
    }
  }

  /// A member of utsname, which ends with a NUL.
  private static func copy<Text>(_ text: inout Text) -> UnsafeMutablePointer<CChar>? {
    unsafe withUnsafeBytes(of: &text) { unsafe strdup($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }
}
