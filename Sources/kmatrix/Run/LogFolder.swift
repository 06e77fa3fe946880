import Foundation

/// The folder that the guests' consoles and channels go to, and what the disk says of it.
struct LogFolder {
  /// A run begins with so many bytes left.
  static let wanted = 16 << 20
  /// With fewer than this left, what was being written may have been cut.
  static let least = 64 << 10

  let folder: URL

  init(_ folder: URL) {
    self.folder = folder
  }

  /// nil if it cannot be told.
  var freeBytes: Int? {
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
    return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
  }

  /// A log that ends early for lack of space would be taken for a guest that did.
  func requireRoom() throws(KMatrixError) {
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw .infrastructure("\(folder.path): cannot be written; --results-dir names another folder")
    }
    guard let free = freeBytes, free < Self.wanted else { return }
    throw .infrastructure(
      "\(folder.path): no space: \(free >> 10) KiB free, logs and reports need \(Self.wanted >> 20) MiB")
  }
}
