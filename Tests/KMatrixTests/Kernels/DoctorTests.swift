import Subprocess
import Testing

@testable import kmatrix

@Suite struct DoctorTests {
  /// What qemu runs cannot be written, which is not qemu's fault.
  @Test func aFolderThatCannotBeWrittenIsNamed() async throws {
    let kmatrix = try KMatrixProcess()
    try kmatrix.scratch.write("", to: "kernel-images/kernels.toml")
    let outcome = try await kmatrix(
      "doctor", environment: ["TMPDIR": "/nonexistent", "QUARK_MIRROR": "file:/nonexistent"])
    #expect(outcome.code == 1)
    #expect(outcome.output.contains("FAIL  qemu: /nonexistent/kmatrix-firmware-"), "\(outcome.output)")
  }
}
