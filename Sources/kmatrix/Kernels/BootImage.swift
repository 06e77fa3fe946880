import Foundation
import SystemPackage

/// Extracts the kernel itself from a bzImage: an ELF file, which qemu boots through its PVH entry.
/// Documentation/arch/x86/boot.rst describes the layout of the header.
enum BootImage {
  enum Compression: String, Sendable, CaseIterable {
    case gzip, xz, lz4, zstd

    var magic: [UInt8] {
      switch self {
      case .gzip: [0x1f, 0x8b]
      case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
      case .lz4: [0x02, 0x21, 0x4c, 0x18]  // the legacy frame
      case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
      }
    }

    var command: [String] {
      switch self {
      case .gzip: ["gzip", "-dc"]
      case .xz: ["xz", "-dc", "--single-stream"]
      case .lz4: ["lz4", "-dcq"]
      case .zstd: ["zstd", "-dcq"]
      }
    }
  }

  struct Payload: Equatable {
    var range: Range<Int>
    var compression: Compression
    var unpackedSize: Int
  }

  /// Finds the compressed kernel.
  static func payload(in image: Data) throws(KernelStoreError) -> Payload {
    func number(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(image[image.startIndex + offset + $1]) << (8 * $1) }
    }
    guard image.count >= 0x268, number(0x202) == 0x5372_6448 /* HdrS */, number(0x206) & 0xffff >= 0x208 else {
      throw KernelStoreError("not a bzImage")
    }
    // In very old images 0 means 4.
    let setupSectors = image[image.startIndex + 0x1f1] == 0 ? 4 : Int(image[image.startIndex + 0x1f1])
    let start = (setupSectors + 1) * 512 + number(0x248)
    let end = start + number(0x24c)
    guard start + 8 < end, end <= image.count else { throw KernelStoreError("its payload is cut off") }
    // The last four bytes are the unpacked size. gzip itself ends with it; for the others the kernel's build appends
    // it.
    let size = number(end - 4)
    for kind in Compression.allCases where image.dropFirst(start).starts(with: kind.magic) {
      return Payload(range: start..<(kind == .gzip ? end : end - 4), compression: kind, unpackedSize: size)
    }
    throw KernelStoreError("its payload has an unknown compression")
  }

  /// Unpacks `image` into `elf`; temporary files go to `folder`.
  static func unpack(_ image: FilePath, to elf: FilePath, folder: FilePath) async throws(KernelStoreError) {
    let packed = folder.appending("payload")
    let payload: Payload
    do {
      let data = try Data(contentsOf: URL(filePath: image.string), options: .mappedIfSafe)
      payload = try Self.payload(in: data)
      try data.dropFirst(payload.range.lowerBound).prefix(payload.range.count).write(to: URL(filePath: packed.string))
    } catch {
      throw KernelStoreError(
        "\(image.lastComponent?.string ?? ""): \((error as? KernelStoreError)?.description ?? error.reason)")
    }
    let command = payload.compression.command
    let result = try await Tool.run(command[0], Array(command.dropFirst()), reading: packed, writing: elf)
    guard result.succeeded else { throw KernelStoreError("\(command[0]): \(result.complaint)") }
    guard let size = KernelCache.size(of: elf), size & 0xffff_ffff == payload.unpackedSize else {
      throw KernelStoreError("\(command[0]): the unpacked kernel does not have the size that its image states")
    }
    try ELFImage.check(elf)
  }
}

/// Reads ELF files (elf(5)), and checks that one is an x86-64 kernel which qemu can boot directly. Such a kernel has
/// the note `Xen` of type 18 (XEN_ELFNOTE_PHYS32_ENTRY in Xen's public/elfnote.h), which tells qemu where to enter.
enum ELFImage {
  private static let noteSegment = 4
  private static let x86_64 = 62
  private static let pvhEntry = 18
  private static let noteLimitBytes = 1 << 20

  static func check(_ path: FilePath) throws(KernelStoreError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path.string), options: .alwaysMapped)
    } catch {
      throw KernelStoreError("\(path): cannot be read: \(error.reason)")
    }
    guard data.count >= 64, data.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]), number(data, 18, 2) == x86_64 else {
      throw KernelStoreError("not an x86-64 ELF file")
    }
    guard hasEntry(data) else { throw KernelStoreError("the kernel has no PVH entry, so qemu cannot boot it") }
  }

  private static func hasEntry(_ data: Data) -> Bool {
    guard let table = number(data, 32, 8), let size = number(data, 54, 2), let count = number(data, 56, 2) else {
      return false
    }
    return (0..<count).contains { index in
      let header = table + index * size
      guard number(data, header, 4) == noteSegment, let start = number(data, header + 8, 8),
        let length = number(data, header + 32, 8), length <= noteLimitBytes, start <= data.count - length
      else { return false }
      return hasEntry(data, notes: start..<start + length)
    }
  }

  private static func hasEntry(_ data: Data, notes: Range<Int>) -> Bool {
    var at = notes.lowerBound
    while at + 12 <= notes.upperBound, let name = number(data, at, 4), let value = number(data, at + 4, 4) {
      if number(data, at + 8, 4) == pvhEntry, data.dropFirst(at + 12).starts(with: Array("Xen\0".utf8)) { return true }
      at += 12 + (name + 3) / 4 * 4 + (value + 3) / 4 * 4
    }
    return false
  }

  /// The bytes of a section; nil if the file has no section of that name.
  static func section(_ name: String, of path: FilePath) throws(KernelStoreError) -> Data? {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path.string), options: .alwaysMapped)
    } catch {
      throw KernelStoreError("\(path): cannot be read: \(error.reason)")
    }
    guard data.count >= 64, data.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]), let table = number(data, 40, 8),
      let size = number(data, 58, 2), let count = number(data, 60, 2), let names = number(data, 62, 2), names < count,
      let nameRange = sectionRange(data, table + names * size)
    else { throw KernelStoreError("\(path): not a 64-bit ELF file with sections") }
    for index in 0..<count {
      let header = table + index * size
      guard let offset = number(data, header, 4), offset < nameRange.count,
        data[nameRange].dropFirst(offset).starts(with: Array(name.utf8) + [0])
      else { continue }
      guard let range = sectionRange(data, header) else {
        throw KernelStoreError("\(path): its section \(name) is cut off")
      }
      return data.subdata(in: range)
    }
    return nil
  }

  private static func sectionRange(_ data: Data, _ header: Int) -> Range<Int>? {
    guard let start = number(data, header + 24, 8), let length = number(data, header + 32, 8),
      length <= data.count, start <= data.count - length
    else { return nil }
    return start..<start + length
  }

  /// A little-endian number; nil if it is not within the file, or is 2⁴⁰ or more, which no offset in a kernel is.
  private static func number(_ data: Data, _ offset: Int, _ bytes: Int) -> Int? {
    guard offset >= 0, offset <= data.count - bytes else { return nil }
    let value = (0..<bytes).reduce(UInt64(0)) { $0 | UInt64(data[data.startIndex + offset + $1]) << (8 * UInt64($1)) }
    return value < 1 << 40 ? Int(value) : nil
  }
}
