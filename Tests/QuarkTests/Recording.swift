import Foundation
import Quark

/// A recording of a real kernel.
enum Recording {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  static func file(_ release: String) -> URL { fixtures.appending(path: "recordings/\(release).rec") }

  static var attributes: Queue.Attributes {
    var attributes = Queue.Attributes()
    attributes.replay = file("6.1.0").path
    return attributes
  }

  /// Plays it like quark-mon -g.
  static var single: Queue.Attributes {
    var attributes = attributes
    attributes.isMinimallyAggregated = true
    return attributes
  }

  /// The output of quark-mon -g for it.
  static func text() throws -> String {
    try String(contentsOf: fixtures.appending(path: "golden/6.1.0.single.events"), encoding: .utf8)
  }

  /// What families other than that of processes tell, as quark-mon -g plays it.
  static var families: Queue.Attributes {
    var attributes = single
    attributes.replay = file("6.1.0-families").path
    return attributes
  }

  /// What quark-mon -g prints of that. There is a name in it that is no UTF-8.
  static func familiesText() throws -> String {
    String(
      decoding: try Data(contentsOf: fixtures.appending(path: "golden/6.1.0-families.single.events")), as: UTF8.self)
  }

  static func parsed(_ text: String) throws -> Ruleset { try Ruleset.parsing(Array(text.utf8).span) }
}
