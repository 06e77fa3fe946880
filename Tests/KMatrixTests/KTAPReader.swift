/// A small reader of KTAP. It follows the specification, not our writer.
struct KTAPReader {
  struct Line: Equatable {
    var isOK: Bool
    var number: Int
    var name: String
    var directive: String
    var subtest: [Line]?
  }

  struct Malformed: Error {
    var line: String
    var reason: String
  }

  static func read(_ text: String) throws -> [Line] {
    var lines = text.split(separator: "\n").map(String.init)[...]
    let result = try read(&lines, indent: 0)
    if let rest = lines.first { throw Malformed(line: rest, reason: "after the end") }
    return result
  }

  private static func read(_ lines: inout ArraySlice<String>, indent: Int) throws -> [Line] {
    let margin = String(repeating: " ", count: indent)
    guard lines.popFirst() == margin + "KTAP version 1" else { throw Malformed(line: margin, reason: "no version") }
    var planned: Int?
    var subtest: [Line]?
    var results: [Line] = []
    while let line = lines.first, line.hasPrefix(margin), planned == nil || results.count < planned ?? 0 {
      let body = line.dropFirst(indent)
      if body.hasPrefix("  KTAP version") {
        subtest = try read(&lines, indent: indent + 2)
        continue
      }
      lines.removeFirst()
      if body.hasPrefix("#") { continue }
      if body.hasPrefix("1..") {
        planned = Int(body.dropFirst(3))
      } else {
        results.append(try result(body, subtest: subtest))
        subtest = nil
      }
    }
    guard planned == results.count, results.enumerated().allSatisfy({ $0.offset + 1 == $0.element.number })
    else { throw Malformed(line: "\(results.count) results", reason: "the plan says \(planned ?? -1)") }
    return results
  }

  private static func result(_ body: Substring, subtest: [Line]?) throws -> Line {
    let halves = body.split(separator: " # ", maxSplits: 1).map(String.init)
    let isOK = body.hasPrefix("ok ")
    let words = (halves.first ?? "").split(separator: " ", maxSplits: isOK ? 2 : 3)
    guard isOK || body.hasPrefix("not ok "), words.count == (isOK ? 3 : 4),
      let number = Int(words[words.count - 2]), let name = words.last
    else { throw Malformed(line: String(body), reason: "no test line") }
    return Line(
      isOK: isOK, number: number, name: String(name), directive: halves.count > 1 ? halves[1] : "", subtest: subtest)
  }
}
