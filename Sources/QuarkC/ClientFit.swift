import CQuark
import QuarkCore

/// Whether the header of a program fits this library.
enum ClientFit {
  case fits(ClientGeneration)
  /// It does not fit; the message has both versions.
  case differs(String)

  /// The program must be compiled with this version and a known generation, and the sizes of the structures must be
  /// equal.
  @unsafe init(_ client: UnsafePointer<quark_client>?) {
    guard let client = unsafe client else {
      self = .differs("the program says of no header that it was compiled with")
      return
    }
    let version = unsafe String(cString: client.pointee.version)
    let api = unsafe client.pointee.api
    let program = "the program was compiled with quark.h of version \(version), QUARK_API \(api)"
    guard unsafe cquark_is_version(client.pointee.version), let generation = ClientGeneration(api: api), let own = unsafe cquark_client(api)
    else {
      self = .differs("\(program), and the library is of version \(QUARK_VERSION), which has QUARK_API 7 and 9")
      return
    }
    guard unsafe cquark_has_sizes(client, own) else {
      self = .differs(
        "\(program), and the library is of version \(QUARK_VERSION), too, but their structures are of other sizes")
      return
    }
    self = .fits(generation)
  }
}
