import Foundation
import QuarkBTF
import QuarkLinux

/// The BTF of one kernel in a tree.
struct ArchiveFile: Sendable {
  enum Packing: String, CaseIterable {
    case plain = ".btf"
    case xz = ".btf.xz"
    case tar = ".btf.tar.xz"
  }

  enum Outcome: Sendable {
    case kernel(KnownKernel)
    case refused(Refusal)
  }

  /// Why a file is not in the table.
  struct Refusal: Error, Equatable {
    var path: String
    var reason: String
  }

  /// The path in the tree.
  let path: String
  private let root: URL
  private let packing: Packing
  private let release: String

  /// Nil if this is not a BTF file.
  init?(_ path: String, in root: URL) {
    guard let packing = Packing.allCases.first(where: { path.hasSuffix($0.rawValue) }),
      (try? root.appending(path: path).resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory != true
    else { return nil }
    self.path = path
    self.root = root
    self.packing = packing
    release = String(path.split(separator: "/").last!.dropLast(packing.rawValue.count))
  }

  /// The machine names of uname(2), by their names in different archives.
  private static let machines = ["x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"]

  /// Unpacks it, and finds the offsets.
  func read() async -> Outcome {
    do {
      return .kernel(try await kernel())
    } catch let refusal as Refusal {
      return .refused(refusal)
    } catch {
      return .refused(refusal(error.localizedDescription))
    }
  }

  private func kernel() async throws -> KnownKernel {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count == 4 else { throw refusal("not in a folder <distro>/<release>/<machine>") }
    guard let machine = Self.machines[parts[2]] else { throw refusal("\(parts[2]) is no machine of this table") }
    guard !release.isEmpty, release.utf8.count <= ReleaseTable.maxNameBytes else {
      throw refusal("not a kernel's release")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "btfhub-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let file = try await unpack(into: folder)
      let sum = try await Command.run("sha256sum", ["--zero", "--", file.path])
      let offsets = try KernelOffsets(btf: file.path)
      let numbers = Dotname.allCases.map { offsets[$0] }
      guard numbers.allSatisfy({ $0 ?? 0 >= 0 }) else { throw refusal("a constant below 0") }
      return KnownKernel(
        release: release, folder: "\(parts[0])/\(parts[1])/\(machine)", offsets: numbers, sha256: String(sum.prefix(64))
      )
    } catch let error as Command.Failure {
      throw refusal(error.reason.replacing(folder.path + "/", with: ""))
    } catch let error as QuarkError {
      throw refusal(reason(error, folder: folder))
    }
  }

  private func unpack(into folder: URL) async throws -> URL {
    let packed = root.appending(path: path)
    let file = folder.appending(path: release + ".btf")
    switch packing {
    case .plain: return packed
    case .xz:
      try FileManager.default.copyItem(at: packed, to: folder.appending(path: release + ".btf.xz"))
      try await Command.run(
        "xz", ["--decompress", "--keep", "--force", folder.appending(path: release + ".btf.xz").path])
      return file
    case .tar:
      try await Command.run(
        "tar",
        [
          "--extract", "--xz", "--no-same-owner", "--no-same-permissions", "--file", packed.path, "--directory",
          folder.path,
        ])
      let members = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      guard let first = members.first else { throw refusal("an archive with nothing in it") }
      guard members == [file.lastPathComponent] else {
        let found = members.count == 1 ? first : "\(members.count) files, \(first) among them,"
        throw refusal("has \(found) in it, and not just \(file.lastPathComponent)")
      }
      let kind = try FileManager.default.attributesOfItem(atPath: file.path)[.type] as? FileAttributeType
      guard kind == .typeRegular else { throw refusal("what is in it is no ordinary file") }
      return file
    }
  }

  /// The detail begins with the path of the unpacked file, which is removed.
  private func reason(_ error: QuarkError, folder: URL) -> String {
    let detail = error.detail
    for place in [folder.appending(path: release + ".btf").path, root.appending(path: path).path] {
      if detail == place { return error.errno.description }
      if detail.hasPrefix(place + ": ") { return String(detail.dropFirst(place.count + 2)) }
    }
    return error.message
  }

  private func refusal(_ reason: String) -> Refusal { Refusal(path: path, reason: reason) }
}
