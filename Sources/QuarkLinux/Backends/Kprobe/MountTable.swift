internal import CLinux

/// The mounts of our mount namespace, from /proc/self/mountinfo: proc_pid_mountinfo(5). It is read again when they have
/// changed.
@usableFromInline struct MountTable: ~Copyable {
  /// Kept open: it shows the mounts from the root directory at the time of opening.
  private var file: FileDescriptor?
  private var text: [UInt8] = []

  init() {
    let descriptor = unsafe clinux_open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return }
    file = FileDescriptor(owning: descriptor)
    read()
  }

  /// The mount point of the mount with this id, from the root directory; nil if there is none.
  mutating func point(of id: UInt32) -> [UInt8]? {
    refresh()
    return Self.point(of: id, in: text.span)
  }

  /// The same, in the content of such a file.
  static func point(of id: UInt32, in text: Span<UInt8>) -> [UInt8]? {
    // The id is the first word of a line, and the mount point is the fifth.
    var (word, number, point) = (0, 0, [UInt8]())
    for index in text.indices {
      let byte = text[index]
      if byte == UInt8(ascii: "\n") {
        if number == Int(id), word > 4 { return unescaped(point[...]) }
        (word, number, point) = (0, 0, [])
      } else if byte == UInt8(ascii: " ") {
        word += 1
      } else if word == 0 {
        number = (number &* 10 &+ Int(byte &- UInt8(ascii: "0"))) & 0xffff_ffff
      } else if word == 4, number == Int(id) {
        point.append(byte)
      }
    }
    return nil
  }

  /// The mount point of the first mount of a type, with the given option if there is one.
  func point(ofType type: StaticString, option: StaticString? = nil) -> [UInt8]? {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      // A dash follows the optional fields.
      guard let dash = words.firstIndex(where: { ("-" as StaticString).hasBytes($0) }), dash + 3 < words.count,
        type.hasBytes(words[dash + 1])
      else { continue }
      let options = words[dash + 3].split(separator: UInt8(ascii: ","))
      if let option, !options.contains(where: { option.hasBytes($0) }) { continue }
      return Self.unescaped(words[4])
    }
    return nil
  }

  private mutating func refresh() {
    guard let descriptor = file?.rawValue else { return }
    var watched = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    if unsafe poll(&watched, 1, 0) > 0 { read() }
  }

  private mutating func read() {
    guard let descriptor = file?.rawValue, lseek(descriptor, 0, SEEK_SET) == 0 else { return }
    text.removeAll(keepingCapacity: true)
    while true {
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        count = unsafe max(0, CLinux.read(descriptor, buffer.baseAddress, buffer.count))
      }
      if chunk.isEmpty { return }
      text += chunk
    }
  }

  /// Converts `\040` to a blank, and so on.
  private static func unescaped(_ word: ArraySlice<UInt8>) -> [UInt8] {
    var path: [UInt8] = []
    var index = word.startIndex
    while index < word.endIndex {
      if word[index] == UInt8(ascii: "\\"), index + 3 < word.endIndex {
        var value = 0
        for digit in word[(index + 1)...(index + 3)] { value = value << 3 | Int(digit & 7) }
        path.append(UInt8(truncatingIfNeeded: value))
        index += 4
      } else {
        path.append(word[index])
        index += 1
      }
    }
    return path
  }
}
