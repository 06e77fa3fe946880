extension HookPlan {
  var means: SourceMeans {
    var means = SourceMeans()
    for hook in hooks {
      means.add(hook.type, hook.name, self[hook]?.description ?? "", failure: Self.unindented(explanation(of: hook)))
    }
    return means
  }

  /// Without the two blanks before each line, and the end of the last one.
  private static func unindented(_ text: String) -> String {
    var result = ""
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      result += (result.isEmpty ? "" : "\n") + String(decoding: line.dropFirst(2), as: UTF8.self)
    }
    return result
  }
}
