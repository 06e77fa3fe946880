import Testing

@testable import QuarkBTF
@testable import QuarkLinux
@testable import btfhub

@Suite struct TableTests {
  static let usual: [Int?] = Dotname.allCases.map { $0 == .taskStructPids ? nil : 8 * $0.rawValue }

  static func kernel(_ release: String, _ change: Int = 0, folder: String = "debian/bookworm/x86_64") -> KnownKernel {
    var offsets = usual
    offsets[Dotname.taskStructComm.rawValue] = 1000 + change
    return KnownKernel(release: release, folder: folder, offsets: offsets)
  }

  /// The answer of a table of these kernels for another kernel: a word, and the tested offset.
  private func ask(_ kernels: [KnownKernel], _ release: String, machine: String = "x86_64") -> String {
    let bytes = TableWriter(kernels).bytes(source: "tests")
    guard let answer = ReleaseTable(bytes.span)?.answer(release: release, machine: machine) else { return "no table" }
    let number = answer.offsets?[.taskStructComm].map { " \($0 - 1000)" } ?? ""
    return switch answer {
    case .exact: "exact\(number)"
    case .between(_, let below, let above): "between \(below) and \(above)\(number)"
    case .ambiguous: "ambiguous"
    case .differentNeighbours(let below, let above): "\(below) and \(above) differ"
    case .outside(let neighbour): "next to \(neighbour)"
    case .unknown: "unknown"
    case .damagedTable: "damaged"
    }
  }

  @Test func exactThenNeighboursThenNothing() {
    let kernels = [
      Self.kernel("6.1.0-9-amd64", 1), Self.kernel("6.1.0-12-amd64", 1), Self.kernel("6.1.0-15-amd64", 2),
      Self.kernel("6.1.0-10-cloud-amd64", 3), Self.kernel("6.2.0-1-amd64", 2),
    ]
    #expect(ask(kernels, "6.1.0-12-amd64") == "exact 1")
    #expect(ask(kernels, "6.1.0-10-amd64") == "between 6.1.0-9-amd64 and 6.1.0-12-amd64 1", "by value, not by letters")
    #expect(ask(kernels, "6.1.0-13-amd64") == "6.1.0-12-amd64 and 6.1.0-15-amd64 differ", "never a guess")
    #expect(ask(kernels, "6.1.0-16-amd64") == "next to 6.1.0-15-amd64", "another series is no neighbour")
    #expect(ask(kernels, "6.1.0-8-amd64") == "next to 6.1.0-9-amd64")
    #expect(ask(kernels, "6.1.0-11-cloud-amd64") == "next to 6.1.0-10-cloud-amd64", "another flavour is no neighbour")
    #expect(ask(kernels, "6.3.0-1-amd64") == "unknown" && ask(kernels, "") == "unknown")
    #expect(ask(kernels, "6.1.0-12-amd64", machine: "aarch64") == "unknown")
    #expect(ask([], "6.1.0-12-amd64") == "unknown")
  }

  /// A release that differs in one digit from a known one, in each place, between neighbours that differ.
  @Test func oneDigitAway() {
    let known = "4.18.0-147.5.1.el8_1.x86_64"
    let kernels = [
      Self.kernel("4.18.0-80.el8_1.x86_64", 1), Self.kernel(known, 2), Self.kernel("4.18.0-193.el8_1.x86_64", 3),
    ]
    for (place, digit) in known.enumerated() where digit.isNumber {
      for other in "0123456789" where other != digit {
        var release = Array(known)
        release[place] = other
        let answer = ask(kernels, String(release))
        #expect(!answer.hasPrefix("exact") && !answer.hasPrefix("between"), "\(String(release)): \(answer)")
      }
    }
  }

  @Test func severalDistributions() {
    let (centos, rhel) = ("centos/8/x86_64", "rhel/8/x86_64")
    let same = [
      Self.kernel("4.18.0-1.el8.x86_64", 1, folder: centos), Self.kernel("4.18.0-1.el8.x86_64", 1, folder: rhel),
    ]
    #expect(ask(same, "4.18.0-1.el8.x86_64") == "exact 1")
    let other = [
      Self.kernel("4.18.0-1.el8.x86_64", 1, folder: centos), Self.kernel("4.18.0-1.el8.x86_64", 2, folder: rhel),
    ]
    #expect(ask(other, "4.18.0-1.el8.x86_64") == "ambiguous")
    let newer = Self.kernel("4.18.0-3.el8.x86_64", 1, folder: rhel)
    #expect(ask(same + [newer], "4.18.0-2.el8.x86_64").hasPrefix("between"))
    #expect(ask(other + [newer], "4.18.0-2.el8.x86_64").hasSuffix("differ"))
    // If two spellings are possible, the answer is ambiguous.
    #expect(ask(same + [newer], "4.18.0.1.el8.x86_64") == "ambiguous")
  }

  @Test func theOrderOfTheKernelsDoesNotMatter() {
    let kernels = (0..<50).map {
      Self.kernel("5.10.\($0)-amd64", $0 / 7, folder: $0 % 3 == 0 ? "a/1/x86_64" : "b/1/aarch64")
    }
    let bytes = TableWriter(kernels).bytes(source: "tests")
    for _ in 0..<5 { #expect(TableWriter(kernels.shuffled()).bytes(source: "tests") == bytes) }
  }

  @Test func everythingComesBack() {
    let kernels = Self.many(300)
    let writer = TableWriter(kernels)
    let bytes = writer.bytes(source: "from tests")
    guard let table = ReleaseTable(bytes.span) else {
      Issue.record("no table")
      return
    }
    #expect(table.source == "from tests" && table.kernelCount == 300 && table.setCount == writer.sets.count)
    var index = 0
    let isWhole = table.forEachKernel { kernel in
      let expected = writer.kernels[index]
      #expect(String(decoding: kernel.name, as: UTF8.self) == expected.release)
      #expect(table.folder(kernel.folder) == expected.folder)
      let vector = table.offsets(kernel.set)
      #expect(Dotname.allCases.map { vector?[$0] } == expected.offsets)
      index += 1
      return true
    }
    #expect(isWhole && index == 300)
  }

  /// Kernels with names as in distributions; every fourth has a new set of offsets, of which half is changed.
  static func many(_ count: Int) -> [KnownKernel] {
    let shapes: [(String, (Int) -> String)] = [
      ("centos/8/x86_64", { "4.18.0-\(80 + $0 / 7).\($0 % 7).\($0 % 3).el8_\($0 % 9).x86_64" }),
      ("rhel/8/aarch64", { "4.18.0-\(80 + $0 / 7).\($0 % 7).\($0 % 3).el8_\($0 % 9).aarch64" }),
      ("ubuntu/20.04/x86_64", { "5.4.0-\(26 + $0)-generic" }), ("ubuntu/20.04/aarch64", { "5.4.0-\(1000 + $0)-raspi" }),
      ("amzn/2/x86_64", { "4.14.\(100 + $0)-\($0 % 97).\($0 % 89).amzn2.x86_64" }),
      ("debian/bullseye/x86_64", { "5.10.0-\($0)-cloud-amd64" }),
      ("ol/7/x86_64", { "4.14.35-\(1818 + $0).3.2.el7uek.x86_64" }),
    ]
    return (0..<count).map { number in
      let (folder, name) = shapes[number % shapes.count]
      var offsets = usual
      for index in offsets.indices where index % 2 == 0 {
        offsets[index] = 1000 + (number / shapes.count / 4 * 8 + index * 16) % 9000
      }
      offsets[0] = 20_000 + number % shapes.count
      return KnownKernel(release: name(number / shapes.count), folder: folder, offsets: offsets)
    }
  }

  @Test func threeThousandKernelsAreSmall() {
    let writer = TableWriter(Self.many(3000))
    let bytes = writer.bytes(source: writer.source)
    #expect(writer.sets.count >= 700)
    #expect(bytes.count <= 150 << 10, "\(bytes.count) bytes, \(writer.setBytes.count) of them sets")
    // The size without the distinct sets.
    let perKernel = Double(bytes.count - writer.setBytes.count) / 3000
    #expect(perKernel < 40, "\(perKernel) bytes a kernel")
    guard let table = ReleaseTable(bytes.span) else {
      Issue.record("no table")
      return
    }
    for kernel in writer.kernels.enumerated().filter({ $0.offset % 100 == 0 }).map(\.element) {
      let machine = String(kernel.folder.split(separator: "/").last!)
      guard case .exact(let offsets) = table.answer(release: kernel.release, machine: machine) else {
        Issue.record("\(kernel.path)")
        continue
      }
      #expect(Dotname.allCases.map { offsets[$0] } == kernel.offsets)
    }
  }

  /// A table that is cut anywhere, or has any byte changed, gives an answer and never ends the program.
  @Test func damagedTables() {
    let bytes = TableWriter(Self.many(12)).bytes(source: "tests")
    for length in bytes.indices {
      let part = Array(bytes[..<length])
      if ReleaseTable(part.span) != nil { Issue.record("a table of \(length) bytes") }
    }
    for index in bytes.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
        var damaged = bytes
        damaged[index] = value
        guard let table = ReleaseTable(damaged.span) else { continue }
        _ = table.answer(release: "5.4.0-27-generic", machine: "x86_64")
        _ = table.answer(release: "5.4.0-9999-generic", machine: "x86_64")
      }
    }
  }
}
