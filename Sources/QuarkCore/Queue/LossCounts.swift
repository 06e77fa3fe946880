public import CWire

/// Numbers of records that were lost since a source was opened.
public struct LossCounts: Sendable {
  /// All lost records.
  public var total: UInt64
  /// The lost records of each family, as far as the family is known: together they may be fewer than `total`.
  private var byFamily: InlineArray<8, UInt64>

  /// The number of families.
  public static var familyCount: Int { Int(WIRE_FAMILY_COUNT.rawValue) }

  public init(total: UInt64 = 0) {
    self.total = total
    byFamily = InlineArray(repeating: 0)
  }

  /// The counts in the form of C structures.
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

  /// Adds other counts.
  public mutating func add(_ others: LossCounts) {
    total &+= others.total
    for family in byFamily.indices { byFamily[family] &+= others.byFamily[family] }
  }

  /// Adds records of a known family.
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
