import QuarkBTF
import QuarkLinux

/// The table as text, for a person who reviews it.
enum Listing {
  static func text(_ table: TableWriter, trees: [ArchiveTree], refused: [ArchiveFile.Refusal]) -> String {
    var text = """
      # What is in COffsets/offsets.table. Written by `make btfhub`; do not edit.
      #
      # The offsets are those of

      """
    for tree in trees { text += "#   \(tree.provenance)\n" }
    text += "#\n# \(table.source)\n\n"
    for refusal in refused { text += "refused \(refusal.path): \(refusal.reason)\n" }
    if !refused.isEmpty { text += "\n" }
    for (kernel, set) in zip(table.kernels, table.setOfKernel) {
      text += "kernel \(kernel.path) set \(set) sha256 \(kernel.sha256)\n"
    }
    var previous = [Int?](repeating: nil, count: Dotname.count)
    for (number, set) in table.sets.enumerated() {
      text += number == 0 ? "\nset 0\n" : "\nset \(number), as \(number - 1) but\n"
      for index in TableWriter.changes(previous, set) {
        text += "\t\(Dotname.allCases[index].name) \(set[index].map(String.init) ?? "none")\n"
      }
      previous = set
    }
    return text
  }
}

extension TableWriter {
  /// This text is also in the table. It does not depend on the paths of the archives, or on how they were packed.
  var source: String {
    let machines = Set(kernels.map { $0.folder.split(separator: "/").last.map(String.init) ?? "" }).sorted()
    return "\(kernels.count) kernels of \(machines.joined(separator: " and ")), \(sets.count) distinct sets of offsets"
  }
}
