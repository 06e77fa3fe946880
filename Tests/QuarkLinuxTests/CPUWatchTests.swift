import Testing

@testable import QuarkLinux

@Suite struct CPUWatchTests {
  @Test(arguments: [("0\n", [0]), ("0-3,5\n", [0, 1, 2, 3, 5]), ("1,64-65", [1, 64, 65]), ("\n", []), ("x-y,7", [7])])
  func lists(_ text: String, _ cpus: [Int32]) {
    let list = Array(text.utf8)[...]
    for cpu in 0..<70 as Range<Int32> { #expect(CPUList.contains(list, cpu) == cpus.contains(cpu)) }
  }

  @Test func messages() {
    func cpu(_ text: String) -> Int32? { CPUWatch.lostCPU(Array(text.utf8)[...]) }
    #expect(cpu("offline@/devices/system/cpu/cpu1\0ACTION=offline\0DEVPATH=/devices/system/cpu/cpu1\0") == 1)
    #expect(cpu("offline@/devices/system/cpu/cpu255") == 255)
    #expect(cpu("online@/devices/system/cpu/cpu1\0ACTION=online\0") == 1)
    #expect(cpu("change@/devices/system/cpu/cpu1\0ACTION=change\0") == nil)
    #expect(cpu("offline@/devices/system/memory/memory1\0") == nil)
    #expect(cpu("offline@/devices/system/cpu/cpu") == nil)
    #expect(cpu("") == nil)
  }
}
