internal import CQuark
internal import QuarkCore

/// By which means a source has its records, and what it could not find on this kernel.
public struct SourceMeans: Sendable {
  /// What tells of one kind of things.
  public struct Hook: Sendable {
    /// RAW_*: what its records become.
    public let type: UInt32
    public let name: StaticString
    /// Empty: it cannot be had.
    public let means: String
    /// Why it, or what would have been better, cannot be had, a line each.
    public let failure: String
  }

  /// A field that no record has, though records of its type could.
  public struct Lack: Sendable {
    /// RAW_*, as in cquark_fields.h.
    public let type: UInt32
    public let field: StaticString
    public let reason: StaticString
  }

  public private(set) var hooks: [Hook] = []
  public private(set) var lacks: [Lack] = []

  mutating func add(_ type: raw_types, _ name: StaticString, _ means: String, failure: String) {
    hooks.append(Hook(type: type.rawValue, name: name, means: means, failure: failure))
  }

  mutating func add(lackOf field: StaticString, _ type: raw_types, _ reason: StaticString) {
    lacks.append(Lack(type: type.rawValue, field: field, reason: reason))
  }

  /// Why a record does not have this field; nil: it has.
  @unsafe public func lack(of field: UnsafePointer<CChar>, _ type: UInt32) -> StaticString? {
    // Safe: fields have NULs behind them.
    lacks.first { unsafe $0.type == type && strcmp($0.field.cString, field) == 0 }?.reason
  }

  /// The hooks of a type, or the one that is called so; an empty name is any of them.
  @unsafe public func hooks(of type: UInt32, named name: UnsafePointer<CChar>) -> [Hook] {
    hooks.filter { unsafe $0.type == type && (name.pointee == 0 || strcmp($0.name.cString, name) == 0) }
  }
}
