/// The memory that holds copies of events.
@safe @usableFromInline class CopiedEvents: @unchecked Sendable {
  // Sendable: nothing changes it before its end.
  final var memory: CopyMemory

  init(in memory: consuming CopyMemory) { self.memory = memory }
}
