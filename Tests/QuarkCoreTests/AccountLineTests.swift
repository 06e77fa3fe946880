import Testing

@testable import QuarkCore

@Suite struct AccountLineTests {
  struct Account: Equatable {
    var name: String
    var id: UInt32
    var groupID: UInt32?
  }

  static func accounts(_ text: String) -> [Account] {
    let bytes = Array(text.utf8)
    var accounts: [Account] = []
    AccountLine.read(bytes.span) {
      accounts.append(Account(name: String(decoding: bytes[$0.name], as: UTF8.self), id: $0.id, groupID: $0.groupID))
    }
    return accounts
  }

  @Test func users() {
    #expect(
      Self.accounts("root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\n") == [
        Account(name: "root", id: 0, groupID: 0), Account(name: "nobody", id: 65534, groupID: 65533),
      ])
  }

  @Test func groups() {
    #expect(
      Self.accounts("root:x:0:\nadm:x:4:syslog,42\n") == [
        Account(name: "root", id: 0, groupID: nil), Account(name: "adm", id: 4, groupID: nil),
      ])
  }

  @Test(arguments: [
    "", "\n", ":x:0:0", "#root:x:0:0", "root", "root:x", "root:x:", "root:x::0", "root:x:-1:0", "root:x:4294967296:0",
    "root:x: 0:0", "+::::",
  ])
  func none(text: String) {
    #expect(Self.accounts(text) == [])
  }

  @Test func largestAndLast() {
    #expect(Self.accounts("a::4294967295:4294967295") == [Account(name: "a", id: .max, groupID: .max)])
    #expect(Self.accounts("a:x:7") == [Account(name: "a", id: 7, groupID: nil)])
  }
}
