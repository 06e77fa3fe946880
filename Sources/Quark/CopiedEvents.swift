/// The memory that copies of events are in.
@safe @usableFromInline class CopiedEvents: @unchecked Sendable {
  // Sendable: nothing of it is changed before its end.
  final var memory: CopyMemory

  init(in memory: consuming CopyMemory) { self.memory = memory }
}
