/// Something that ends kmatrix: one line for the user, and the exit code that goes with it.
struct KMatrixError: Error, Sendable, CustomStringConvertible {
  enum Kind: Int32, Sendable {
    /// What was asked makes no sense.
    case usage = 2
    /// The machine cannot do it: no qemu, no initramfs, no kernels, no space.
    case infrastructure = 3
  }

  var kind: Kind
  var message: String
  var description: String { message }

  static func usage(_ message: String) -> KMatrixError { KMatrixError(kind: .usage, message: message) }
  static func infrastructure(_ message: String) -> KMatrixError {
    KMatrixError(kind: .infrastructure, message: message)
  }
}
