/// How long an event is held back so that older ones can still arrive: all of `holdTimeMS` while the queue is nearly
/// empty, less and less as it fills, nothing from nine tenths on.
public enum HoldTime {
  /// Nanoseconds an event must have aged before it is handed out, with `length` of `maxLength` events waiting.
  /// Integer division truncates at every step: clients know these numbers.
  public static func targetNS(length: Int, maxLength: Int, holdTimeMS: Int) -> UInt64 {
    var targetMS = 0
    if length < maxLength / 10 {
      targetMS = holdTimeMS
    } else if length < maxLength / 10 * 9 {
      targetMS =
        maxLength > holdTimeMS
        ? holdTimeMS - length / (maxLength / holdTimeMS) + 1
        : holdTimeMS - length * (holdTimeMS / maxLength) + 1
    }
    return UInt64(max(0, targetMS)) * 1_000_000
  }
}
