public import CWire

/// Records that were lost, since a source was opened.
public struct LossCounts: Sendable {
  /// All of them.
  public var total: UInt64
  /// Those of each family, as far as that can be told: together they may be fewer than `total`.
  private var byFamily: InlineArray<8, UInt64>

  /// How many families there are.
  public static var familyCount: Int { Int(WIRE_FAMILY_COUNT.rawValue) }

  public init(total: UInt64 = 0) {
    self.total = total
    byFamily = InlineArray(repeating: 0)
  }

  /// As structures of C have them.
  public var counts: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) {
    (
      byFamily[0], byFamily[1], byFamily[2], byFamily[3], byFamily[4], byFamily[5], byFamily[6], byFamily[7]
    )
  }

  public subscript(family: Int) -> UInt64 {
    get { byFamily[family] }
    set { byFamily[family] = newValue }
  }

  public subscript(family: wire_family) -> UInt64 {
    get { byFamily[Int(family.rawValue)] }
    set { byFamily[Int(family.rawValue)] = newValue }
  }

  /// Counts others.
  public mutating func add(_ others: LossCounts) {
    total &+= others.total
    for family in byFamily.indices { byFamily[family] &+= others.byFamily[family] }
  }

  /// Counts records that are known to be of a family.
  public mutating func add(_ count: UInt64, of family: wire_family) {
    total &+= count
    self[family] &+= count
  }
}

extension LossCounts: Equatable {
  public static func == (one: LossCounts, other: LossCounts) -> Bool {
    for family in one.byFamily.indices where one.byFamily[family] != other.byFamily[family] { return false }
    return one.total == other.total
  }
}
