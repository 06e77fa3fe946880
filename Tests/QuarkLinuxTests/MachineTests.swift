import CQuark
import Foundation
import Testing

@testable import QuarkLinux

/// The facts about this machine, as C programs get them.
@Suite struct MachineTests {
  @Test func system() throws {
    var info = unsafe SystemInformation.read()
    defer { unsafe SystemInformation.free(&info) }
    let name = SystemName()
    #expect(unsafe String(cString: info.uts_release) == name.release)
    #expect(unsafe String(cString: info.uts_machine) == name.machine)
    #expect(unsafe String(cString: info.uts_sysname) == "Linux")
    #expect(unsafe String(cString: info.hostname) == String(cString: info.uts_nodename))
    let bootID = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    #expect(unsafe String(cString: info.boot_id) + "\n" == bootID)
    if FileManager.default.fileExists(atPath: "/etc/os-release") { #expect(unsafe info.os_id != nil) }
  }

  @Test func addresses() throws {
    var info = unsafe SystemInformation.read()
    defer { unsafe SystemInformation.free(&info) }
    let addresses = unsafe (0..<info.ip_addrs_len).map { unsafe String(cString: info.ip_addrs[$0]!) }
    let hardware = unsafe (0..<info.mac_addrs_len).map { unsafe String(cString: info.mac_addrs[$0]!) }
    #expect(Set(addresses).count == addresses.count)
    #expect(Set(hardware).count == hardware.count)
    for address in addresses {
      var bytes = [UInt8](repeating: 0, count: 16)
      #expect(
        unsafe inet_pton(AF_INET, address, &bytes) == 1 || inet_pton(AF_INET6, address, &bytes) == 1, "\(address)")
    }
    for address in hardware {
      let bytes = address.split(separator: ":").map { UInt8($0, radix: 16) }
      #expect(bytes.count == 6 && !bytes.contains(nil) && bytes != Array(repeating: 0, count: 6), "\(address)")
      #expect(address.split(separator: ":").allSatisfy { $0 == "0" || !$0.hasPrefix("0") }, "\(address)")
    }
    if try String(contentsOfFile: "/proc/net/fib_trie", encoding: .utf8).contains("127.0.0.1") {
      #expect(addresses.contains("127.0.0.1"))
    }
  }

  @Test func freedTwice() {
    var info = unsafe SystemInformation.read()
    unsafe SystemInformation.free(&info)
    #expect(unsafe info.hostname == nil && info.ip_addrs == nil && info.ip_addrs_len == 0)
    unsafe SystemInformation.free(&info)
  }

  @Test func usersByName() throws {
    let root = try Accounts.user(named: "root")
    #expect(root?.uid == 0 && root?.gid == 0)
    #expect(try Accounts.user(named: "roo") == nil)
    #expect(try Accounts.user(named: "no such user") == nil)
    #expect(try Accounts.user(named: "root", path: "/nowhere/passwd") == nil)
    #expect(throws: Errno.self) { try Accounts.user(named: "root", path: "/etc/passwd/passwd") }
  }

  @Test func users() throws {
    let users = unsafe try Accounts.users()
    defer { unsafe Accounts.free(users) }
    let root = unsafe Accounts.find(0, in: users) { unsafe $0.uid }
    let name = unsafe root.map { unsafe String(cString: $0.pointee.name) }
    #expect(name == "root")
    for unsafe user in unsafe users {
      let found = unsafe Accounts.find(user.uid, in: users) { unsafe $0.uid }
      let isSame = unsafe found?.pointee.name == user.name
      #expect(isSame)
    }
    let nobody = unsafe Accounts.find(4_000_000_000, in: users) { unsafe $0.uid }
    let isNobody = unsafe nobody == nil
    #expect(isNobody)
  }

  @Test func groups() throws {
    let groups = unsafe try Accounts.groups()
    defer { unsafe Accounts.free(groups) }
    let root = unsafe Accounts.find(0, in: groups) { unsafe $0.gid }
    let name = unsafe root.map { unsafe String(cString: $0.pointee.name) }
    #expect(name == "root")
    let nobody = unsafe Accounts.find(4_000_000_000, in: groups) { unsafe $0.gid }
    let isNobody = unsafe nobody == nil
    #expect(isNobody)
  }

  @Test func noFile() throws {
    var repeated: [UInt32] = []
    let users = unsafe try Accounts.users(path: "/nowhere") { repeated.append($0) }
    let count = users.count
    #expect(count == 0)
    #expect(repeated == [])
    unsafe Accounts.free(users)
  }
}
