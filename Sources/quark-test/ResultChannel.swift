import CLinux
import QuarkCore
import QuarkLinux

/// The channel to the program that runs the guest: numbered frames with checksums on a separate serial port, so that no
/// output of the kernel or a test can look like a result. quark-test(8) describes the frames.
struct ResultChannel: ~Copyable {
  private let descriptor: FileDescriptor
  private let nonce: String
  private var sequence: UInt64 = 0

  /// The channel that QUARK_RESULTS names, or nil.
  static func ofEnvironment() -> ResultChannel? {
    guard let path = environment("QUARK_RESULTS") else { return nil }
    let descriptor = unsafe clinux_open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC, 0)
    guard descriptor >= 0 else {
      FileDescriptor.complain("quark-test: cannot open \(path): \(Errno.current.description)\n")
      return nil
    }
    return ResultChannel(FileDescriptor(owning: descriptor), nonce: environment("QUARK_NONCE") ?? "0")
  }

  private init(_ descriptor: consuming FileDescriptor, nonce: String) {
    var line = termios()
    if unsafe tcgetattr(descriptor.rawValue, &line) == 0 {
      unsafe cfmakeraw(&line)
      unsafe cfsetspeed(&line, speed_t(B115200))
      unsafe tcsetattr(descriptor.rawValue, TCSANOW, &line)
    }
    self.descriptor = descriptor
    self.nonce = nonce
  }

  /// Sends one frame, a JSON object, and waits until it has left, so that a panic after that does not lose it.
  mutating func send(_ json: consuming JSONObject) {
    let content = "\(nonce) \(sequence) "
    let object = json.finish()
    var checksum = CRC32()
    checksum.update(content.utf8)
    checksum.update(object.utf8)
    let frame = Array("@Q \(content)\(checksum.hex) \(object)\n".utf8)
    try? FileDescriptor.writeAll(frame.span, to: descriptor.rawValue)
    _ = tcdrain(descriptor.rawValue)
    sequence += 1
  }
}
