import Foundation
import SystemPackage

/// Says whether a file is an x86-64 kernel that qemu can boot directly: elf(5), and the note `Xen` of type 18
/// (XEN_ELFNOTE_PHYS32_ENTRY of Xen's public/elfnote.h), which is where qemu enters.
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

  /// The bytes of a section, or nil: the file has none of that name.
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

  /// A little-endian number, if it lies within the file and is a sane one.
  private static func number(_ data: Data, _ offset: Int, _ bytes: Int) -> Int? {
    guard offset >= 0, offset <= data.count - bytes else { return nil }
    let value = (0..<bytes).reduce(UInt64(0)) { $0 | UInt64(data[data.startIndex + offset + $1]) << (8 * UInt64($1)) }
    return value < 1 << 40 ? Int(value) : nil
  }
}
