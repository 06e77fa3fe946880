import Testing

@testable import kmatrix

@Test(arguments: [("", 0), ("a", 0xe8b7_be43), ("123456789", 0xcbf4_3926)] as [(String, UInt32)])
func crc32IsZlibs(_ text: String, _ checksum: UInt32) {
  #expect(CRC32.checksum(text.utf8) == checksum)
}

@Test func checksumsArePadded() {
  #expect(UInt32(0x2a).paddedHex == "0000002a")
  #expect(UInt32.max.paddedHex == "ffffffff")
}
