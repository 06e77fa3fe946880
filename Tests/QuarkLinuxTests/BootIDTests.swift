import Testing

@testable import QuarkLinux

@Suite struct BootIDTests {
  private func salt(_ text: String) -> UInt64? { BootID.salt(of: Array(text.utf8).span) }

  @Test func whatTheKernelSays() throws {
    #expect(salt("00000000-0000-0001-0000-000000000002\n") == 3)
    #expect(salt("ffffffff-ffff-ffff-0000-000000000000\n") == .max)
    #expect(try BootID.salt() == BootID.salt(), "of one boot")
  }

  /// Text that is not an id gives nil.
  @Test(arguments: ["", "\n", "0000-0001\n", "00000000-0000-0001-0000-0000000000023\n"])
  func whatIsNone(text: String) { #expect(salt(text) == nil) }
}
