import Foundation

/// Says an error in one line, without the names of Swift types.
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
