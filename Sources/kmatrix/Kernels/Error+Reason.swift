import Foundation
import SystemPackage

extension Error {
  /// The system's own words for what went wrong, without the frameworks around it.
  var reason: String {
    switch self {
    case let error as Errno: return error.description
    case let error as POSIXError: return Errno(rawValue: error.code.rawValue).description
    default:
      let error = self as NSError
      if let below = error.userInfo[NSUnderlyingErrorKey] as? any Error { return below.reason }
      if error.domain == NSPOSIXErrorDomain { return Errno(rawValue: CInt(error.code)).description }
      return error.localizedDescription
    }
  }
}
