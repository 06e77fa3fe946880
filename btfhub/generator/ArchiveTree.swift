import Foundation

/// A tree in the layout of BTFhub: `<distro>/<release>/<machine>/<uname -r>.btf`, plain or packed.
struct ArchiveTree: Sendable {
  struct Unusable: Error {
    var reason: String
  }

  let root: URL
  /// Sorted by their paths.
  let files: [ArchiveFile]
  /// The commit, if the tree is the top of a git repository.
  let commit: String?

  init(_ path: String) async throws(Unusable) {
    let root = URL(filePath: path).standardizedFileURL
    self.root = root
    guard let isFolder = (try? root.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory else {
      throw Unusable(reason: "\(path): no such folder")
    }
    guard isFolder else { throw Unusable(reason: "\(path): not a folder") }
    guard let paths = FileManager.default.enumerator(atPath: root.path) else {
      throw Unusable(reason: "\(path): cannot be read")
    }
    var files: [ArchiveFile] = []
    while let path = paths.nextObject() as? String {
      // Skip hidden folders, such as that of git.
      if path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
        paths.skipDescendants()
      } else if let file = ArchiveFile(path, in: root) {
        files.append(file)
      }
    }
    guard !files.isEmpty else {
      throw Unusable(reason: "\(path): no <distro>/<release>/<machine>/<uname -r>.btf, .btf.xz or .btf.tar.xz in it")
    }
    self.files = files.sorted { $0.path.precedes($1.path) }
    commit = await Self.commit(root)
  }

  var provenance: String {
    "\(root.lastPathComponent): \(files.count) files" + (commit.map { ", at \($0)" } ?? "")
  }

  private static func commit(_ root: URL) async -> String? {
    guard let answer = try? await Command.run("git", ["-C", root.path, "rev-parse", "--show-toplevel", "HEAD"]) else {
      return nil
    }
    let lines = answer.split(whereSeparator: \.isNewline)
    guard lines.count == 2, URL(filePath: String(lines[0])).standardizedFileURL == root else { return nil }
    return String(lines[1])
  }
}
