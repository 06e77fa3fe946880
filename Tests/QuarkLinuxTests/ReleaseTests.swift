import Testing

@testable import QuarkBTF
@testable import QuarkLinux

@Suite struct ReleaseOrderTests {
  private func order(_ left: String, _ right: String) -> Int? {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    return ReleaseOrder.compare(left.span, right.span)
  }

  @Test(arguments: [
    ("5.10.0-9-amd64", "5.10.0-30-amd64"), ("4.18.0-147.el8.x86_64", "4.18.0-147.5.1.el8.x86_64"),
    ("4.18.0-80.11.2.el8.x86_64", "4.18.0-147.el8.x86_64"), ("6.12.43+deb13-cloud-amd64", "6.12.107+deb13-cloud-amd64"),
    ("4.15.0-20-generic", "4.15.0-1021-generic"), ("5.3.7-301.fc31.x86_64", "5.3.7-302.fc31.x86_64"),
    ("4.18.0-147.5.1.el8_1.aarch64", "4.18.0-147.5.1.el8_2.aarch64"), ("5.10.0-8", "5.10.0-8.1"),
    ("5.4.0-99999999999999999999999-generic", "5.4.0-100000000000000000000000-generic"),
  ])
  func older(_ left: String, _ right: String) {
    #expect(order(left, right).map { $0 < 0 } == true)
    #expect(order(right, left).map { $0 > 0 } == true)
  }

  @Test(arguments: [
    ("5.10.0-9-amd64", "5.11.0-9-amd64"), ("5.10.0-9-amd64", "6.10.0-9-amd64"),
    ("5.10.0-9-amd64", "5.10.0-9-cloud-amd64"),
    ("4.18.0-1.el7.x86_64", "4.18.0-1.el8.x86_64"), ("6.1.0-1-rt-amd64", "6.1.0-1-amd64"), ("", "5.10"),
    ("amd64", "amd64"),
    ("6.12.1+deb13-amd64", "6.12.1+deb14-amd64"), ("6.1.0-rc3", "6.1.0-rc4"),
    ("6.12.0-1.aarch64", "6.12.0-1.aarch64+64k"),
  ])
  func ofAnotherKind(_ left: String, _ right: String) {
    #expect(order(left, right) == nil && order(right, left) == nil)
  }

  @Test func theSame() {
    #expect(order("5.10.0-9-amd64", "5.10.0-9-amd64") == 0)
    #expect(order("5.10.0-009-amd64", "5.10.0.9-amd64") == 0)
  }
}

/// The compiled-in table.
@Suite struct CompiledTableTests {
  @Test func itIsWhole() throws {
    KernelOffsets.withTable { bytes in
      guard let table = ReleaseTable(bytes) else {
        Issue.record("no table")
        return
      }
      var (count, machines) = (0, Set<String>())
      let isWhole = table.forEachKernel { kernel in
        count += 1
        machines.insert(String(table.folder(kernel.folder)?.split(separator: "/").last ?? ""))
        #expect(table.offsets(kernel.set)?.isUsable == true)
        return true
      }
      #expect(isWhole && count == table.kernelCount && count >= 16)
      #expect(machines == ["x86_64", "aarch64"])
      #expect(table.source.hasPrefix("\(count) kernels of aarch64 and x86_64"))
      #expect(table.offsets(table.setCount) == nil && table.folder(10_000) == nil)
    }
  }

  /// Numbers of other tools for these two kernels, from the BTF of BTFhub.
  @Test func twoKernels() throws {
    let arm = try #require(KernelOffsets.known(release: "4.18.0-147.5.1.el8_1.aarch64", machine: "aarch64").offsets)
    #expect(arm[.credUid] == 4 && arm[.credCapAmbient] == 72 && arm[.netNamespaceProcInum] == 136)
    #expect(arm[.taskStructPids] == nil || arm[.signalStructPids] == nil)
    let release = "4.19.90-2107.6.0.0248.35.oe1.bclinux.x86_64"
    guard case .exact = KernelOffsets.known(release: release, machine: "x86_64") else {
      Issue.record("not exact")
      return
    }
    // For another machine, or with one other digit, there is no answer.
    guard case .unknown = KernelOffsets.known(release: release, machine: "aarch64") else {
      Issue.record("for another machine")
      return
    }
    #expect(
      KernelOffsets.known(release: "4.19.90-2107.6.0.0248.36.oe1.bclinux.x86_64", machine: "x86_64").offsets == nil)
    #expect(KernelOffsets.known(release: "", machine: "").offsets == nil)
  }
}
