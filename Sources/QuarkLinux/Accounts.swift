internal import CLinux
public import CQuark
internal import QuarkCore

/// The users and groups of /etc/passwd and /etc/group as C structures on the heap, in ascending order of their ids. The
/// name service switch is not used, because a static program does not have it.
public enum Accounts {
  /// The caller passes the result to `free`. If two have the same id, the first one counts, and `repeated` is called
  /// with the id of the other. A user without a group is ignored, as in getpwent(3). A missing file has no accounts;
  /// throws if an existing file cannot be read.
  @unsafe public static func users(
    path: StaticString = "/etc/passwd", repeated: (UInt32) -> Void = { _ in }
  ) throws(Errno) -> UnsafeMutableBufferPointer<quark_passwd> {
    unsafe try read(path, repeated, isWanted: { $0.groupID != nil }) {
      unsafe quark_passwd(uid: $1.id, gid: $1.groupID!, name: $0)
    }
  }

  @unsafe public static func groups(
    path: StaticString = "/etc/group", repeated: (UInt32) -> Void = { _ in }
  ) throws(Errno) -> UnsafeMutableBufferPointer<quark_group> {
    unsafe try read(path, repeated, isWanted: { _ in true }) { unsafe quark_group(gid: $1.id, name: $0) }
  }

  @unsafe public static func free(_ users: UnsafeMutableBufferPointer<quark_passwd>) {
    for unsafe user in unsafe users { unsafe CLinux.free(user.name) }
    unsafe users.deallocate()
  }

  @unsafe public static func free(_ groups: UnsafeMutableBufferPointer<quark_group>) {
    for unsafe group in unsafe groups { unsafe CLinux.free(group.name) }
    unsafe groups.deallocate()
  }

  /// The element with the given id, in a list in ascending order of ids; `id` returns the id of an element.
  @unsafe public static func find<Account>(
    _ wanted: UInt32, in list: UnsafeMutableBufferPointer<Account>, _ id: (Account) -> UInt32
  ) -> UnsafeMutablePointer<Account>? {
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      if unsafe id(list[middle]) < wanted { low = middle + 1 } else { high = middle }
    }
    guard unsafe low < list.count && id(list[low]) == wanted else { return nil }
    return unsafe list.baseAddress! + low
  }

  /// The ids of the first user with this name; nil if there is none. Throws if an existing file cannot be read.
  public static func user(
    named name: StaticString, path: StaticString = "/etc/passwd"
  ) throws(Errno) -> (uid: UInt32, gid: UInt32)? {
    var buffer = ReadBuffer(capacity: 16 << 10)
    do throws(Errno) {
      unsafe try buffer.readFile(path.cString, in: AT_FDCWD, limit: mostBytes)
    } catch where error.rawValue == ENOENT { return nil }
    var found: (uid: UInt32, gid: UInt32)?
    AccountLine.read(buffer.bytes) { line in
      if found == nil, let group = line.groupID, line.isNamed(name, in: buffer.bytes) { found = (line.id, group) }
    }
    return found
  }

  // MARK: -

  /// The maximum number of bytes that are read of a file.
  private static var mostBytes: Int { 64 << 20 }

  private static func read<Account>(
    _ path: StaticString, _ repeated: (UInt32) -> Void, isWanted: (AccountLine) -> Bool,
    _ make: (UnsafeMutablePointer<CChar>, AccountLine) -> Account
  ) throws(Errno) -> UnsafeMutableBufferPointer<Account> {
    var buffer = ReadBuffer(capacity: 16 << 10)
    var lines: [AccountLine] = []
    do throws(Errno) {
      unsafe try buffer.readFile(path.cString, in: AT_FDCWD, limit: mostBytes)
      AccountLine.read(buffer.bytes) { if isWanted($0) { lines.append($0) } }
    } catch {
      if error.rawValue != ENOENT { throw error }
    }
    // Accounts with equal ids are in the order of the file.
    lines.sort { $0.id < $1.id || $0.id == $1.id && $0.name.lowerBound < $1.name.lowerBound }
    let list = UnsafeMutableBufferPointer<Account>.allocate(capacity: lines.count)
    var count = 0
    for (index, line) in lines.enumerated() {
      if index > 0, lines[index - 1].id == line.id {
        repeated(line.id)
      } else if let text = unsafe copy(buffer.bytes.extracting(line.name)) {
        unsafe list.initializeElement(at: count, to: make(text, line))
        count += 1
      }
    }
    return unsafe UnsafeMutableBufferPointer(rebasing: list[..<count])
  }

  private static func copy(_ name: Span<UInt8>) -> UnsafeMutablePointer<CChar>? {
    // Safe: the bytes are only read, not more than there are, and there is at least one.
    unsafe name.withUnsafeBytes { unsafe strndup($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count) }
  }
}
