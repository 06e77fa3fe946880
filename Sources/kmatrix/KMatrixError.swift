import Foundation
import Subprocess
import SystemPackage

/// An error that ends kmatrix: one line for the user and an exit code.
struct KMatrixError: Error, Sendable, CustomStringConvertible {
  enum Kind: Int32, Sendable {
    /// The command line, or a file that a person wrote, is wrong.
    case usage = 2
    /// The machine cannot run the tests: it has no qemu, no initramfs, no kernels or no space.
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

/// Why kernels could not be selected or fetched: one line for the user and an exit code.
struct KernelStoreError: Error, Sendable, Equatable, CustomStringConvertible {
  enum Kind: Sendable, Equatable {
    /// The command line, or a file that a person wrote, is wrong: exit code 2.
    case usage
    /// A tool, the network, the disk or the mirror failed: exit code 1.
    case failure
    /// The mirror no longer has the package: exit code 1.
    case gone
    /// The mirror cannot be reached: exit code 1.
    case unreachable
    /// The disk is full: exit code 1.
    case noSpace
  }

  var kind: Kind
  var description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  init(_ description: String) { self.init(.failure, description) }

  /// Keeps an error that is a `KernelStoreError`. The only other error that can come here is that of a cancelled task.
  init(_ error: any Error) { self = error as? KernelStoreError ?? KernelStoreError("interrupted") }

  var exitCode: Int32 { kind == .usage ? 2 : 1 }
}

/// Describes an error in one line, without the names of Swift types.
func describe(_ error: any Error) -> String {
  switch error {
  case let error as KMatrixError: return error.message
  case let error as DecodingError: return describe(error)
  case let error as CocoaError where error.code == .fileWriteOutOfSpace: return "no space left on the device"
  case let error as CocoaError where error.code == .fileReadNoSuchFile: return "no such file"
  case let error as CocoaError where error.code == .fileWriteNoPermission || error.code == .fileReadNoPermission:
    return "permission denied"
  case let error as CocoaError where error.code == .fileWriteVolumeReadOnly: return "the file system is read-only"
  default: return error.reason.split(separator: "\n").joined(separator: " ")
  }
}

private func describe(_ error: DecodingError) -> String {
  let context: DecodingError.Context
  switch error {
  case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found), .dataCorrupted(let found):
    context = found
  @unknown default: return "it cannot be read"
  }
  let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
}

extension Error {
  /// The system's own message for the error, without what frameworks add to it.
  var reason: String {
    switch self {
    case let error as Errno: return error.description
    case let error as POSIXError: return Errno(rawValue: error.code.rawValue).description
    case let error as SubprocessError: return error.underlyingError?.description ?? error.description
    default:
      let error = self as NSError
      if let below = error.userInfo[NSUnderlyingErrorKey] as? any Error { return below.reason }
      if error.domain == NSPOSIXErrorDomain { return Errno(rawValue: CInt(error.code)).description }
      return error.localizedDescription
    }
  }
}
