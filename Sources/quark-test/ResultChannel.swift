import CLinux
import QuarkCore
import QuarkLinux

/// The line to whoever runs the guest: numbered, checksummed frames on a serial port of their own, so that nothing a
/// kernel or a test prints can be taken for a result. quark-test(8) describes the frames.
struct ResultChannel: ~Copyable {
  private let descriptor: FileDescriptor
  private let nonce: String
  private var sequence: UInt64 = 0

  /// The one QUARK_RESULTS names, or nil if there is none.
  static func ofEnvironment() -> ResultChannel? {
    guard let path = environment("QUARK_RESULTS") else { return nil }
    let descriptor = unsafe clinux_open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC, 0)
    guard descriptor >= 0 else {
      FileDescriptor.complain("quark-test: cannot open \(path): errno \(clinux_errno())\n")
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

  /// Sends one frame, a JSON object, and waits until it has left: a panic in the next moment must not swallow it.
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
