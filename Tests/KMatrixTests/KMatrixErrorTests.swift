import Foundation
import SystemPackage
import Testing

@testable import kmatrix

@Suite struct KMatrixErrorTests {
  /// The error of the package that runs programs has the system's error in it, and bridging to NSError loses that.
  @Test func aProgramThatCannotBeRunSaysWhy() async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Data("\u{7f}ELF".utf8), "program")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.string)
    let error = await #expect(throws: KernelStoreError.self) { try await Tool.run(file.string, []) }
    #expect(error?.description == "\(file) could not be run: Exec format error")
  }
}
