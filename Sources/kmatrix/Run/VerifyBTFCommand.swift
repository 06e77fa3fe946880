import ArgumentParser
import Foundation
import Logging
import SystemPackage

struct VerifyBTFCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-btf", abstract: "Boot kernels and compare the offsets table with the BTF of each.",
    discussion: """
      Fails if an offset differs, or if the table has no entry for a kernel. A kernel that is built without BTF is \
      compared with the BTF of the same source, which is built if it is not cached.
      """)

  @OptionGroup var selection: SelectionOptions

  @Option(help: "How many guests run at a time (default: one per core).")
  var jobs: Int?

  @Option(help: "The initramfs to boot with.")
  var initramfs = "initramfs.gz"

  @Option(help: "The script that boots one kernel.")
  var krun = "./krun.sh"

  @Option(help: "The quark-btf that reads the BTF of kernels which are built without it.")
  var quarkBtf = "./quark-btf"

  @Option(help: "The folder for the consoles.")
  var resultsDir = "test-results/verify-btf"

  @Flag(help: "Fail if a locked kernel is gone, instead of skipping it.")
  var locked = false

  func validate() throws {
    try require(1...Scheduler.jobLimit, "--jobs", jobs)
  }

  func run() async throws {
    try await Interruption.cancelling { try await OffsetCheck(options: self).run() }
  }
}

/// `kmatrix verify-btf`, from the options to the exit code.
struct OffsetCheck: Sendable {
  static let command: GuestCommand = {
    var command = GuestCommand(tests: [])
    command.program = "bin/verify-btf"
    return command
  }()

  let options: VerifyBTFCommand
  private let store: KernelStore

  init(options: VerifyBTFCommand) throws {
    self.options = options
    store = try KernelStore(root: KernelStore.findRoot())
  }

  func run() async throws {
    guard FileManager.default.isReadableFile(atPath: options.initramfs) else {
      throw KMatrixError.infrastructure("\(options.initramfs): cannot be read (make initramfs.gz)")
    }
    let kernels = try store.select(set: options.selection.set, glob: options.selection.kernels)
    let images = try await fetch(kernels)
    let logs = URL(filePath: options.resultsDir)
    try ReportWriter.makeFolder(logs)
    try LogFolder(logs).requireRoom()
    let jobs = options.jobs ?? HostSpeed.jobs(cpus: 1)
    let booter = Booter(
      krun: options.krun, initramfs: options.initramfs,
      budget: BootBudget(
        slowdown: await HostSpeed.measureSlowdown(jobs: jobs), limits: BootBudget.Limits(run: 60)), cpus: 1, logs: logs,
      logger: Logger(label: "kmatrix") { StreamLogHandler.standardError(label: $0) })
    let bad = try await compare(images, booter, jobs: jobs)
    StandardOutput.line("Consoles: \(options.resultsDir)")
    StandardOutput.line("\(images.count - bad) of \(images.count) kernels are as the table says")
    if Task.isCancelled { throw ExitCode(Interruption.exitCode) }
    if bad > 0 { throw ExitCode(1) }
  }

  /// Fetches the images and, for kernels that are built here, the BTF.
  private func fetch(_ kernels: [LockedKernel]) async throws -> [(image: KernelImage, btf: FilePath?)] {
    let reporter = FetchReporter(total: kernels.count)
    defer { reporter.finish() }
    let fetched = try await store.fetchImages(kernels, FetchOptions(locked: options.locked)) { reporter.show($0) }
    if options.locked, let missing = fetched.missing.first { throw missing.error }
    reporter.finish()
    for missing in fetched.missing { KMatrix.complain("\(missing.error.description); the kernel is skipped") }
    var images: [(image: KernelImage, btf: FilePath?)] = []
    for image in fetched.images {
      if let dropped = image.replaces {
        KMatrix.complain("\(dropped): the kernel is skipped, because the table does not have what replaces it")
        continue
      }
      guard let kernel = kernels.first(where: { $0.release == image.release && $0.isBuilt }) else {
        images.append((image, nil))
        continue
      }
      images.append((image, try await store.ensureBTF(ofBuilt: kernel) { reporter.show($0) }))
    }
    if images.isEmpty { throw KMatrixError.infrastructure("none of the kernels can be fetched as it is locked") }
    return images
  }

  /// Prints a line per kernel, in the order in which they finish. Returns how many differ or failed.
  private func compare(
    _ images: [(image: KernelImage, btf: FilePath?)], _ booter: Booter, jobs: Int
  ) async throws -> Int {
    var bad = 0
    try await withThrowingTaskGroup(of: (String, OffsetVerdict).self) { group in
      func take(_ result: (release: String, verdict: OffsetVerdict)) {
        StandardOutput.line("\(result.release): \(result.verdict.description)")
        if !result.verdict.isSame { bad += 1 }
      }
      for (index, item) in images.enumerated() {
        if index >= jobs, let done = try await group.next() { take(done) }
        group.addTask { (item.image.release, try await verdict(of: item.image, btf: item.btf, booter)) }
      }
      for try await done in group { take(done) }
    }
    return bad
  }

  private func verdict(of image: KernelImage, btf: FilePath?, _ booter: Booter) async throws -> OffsetVerdict {
    let files = booter.files(named: image.release, boot: 1)
    let artifacts = try await booter.boot(image: image, command: Self.command, files: files) { _ in }
    try? FileManager.default.removeItem(at: files.channel)
    let console = ConsoleJudge(artifacts.console)
    guard artifacts.end == .exited(0), console.bannerRelease == image.release else {
      return .failed(Self.trouble(artifacts, console))
    }
    let own: Result<OffsetListing, OffsetListing.ReadError>
    if let btf { own = try await listing(of: btf) } else { own = OffsetListing.read("own", in: console.programLines) }
    return Self.judge(image.release, own, OffsetListing.read("table", in: console.programLines))
  }

  private static func judge(
    _ release: String, _ own: Result<OffsetListing, OffsetListing.ReadError>,
    _ table: Result<OffsetListing, OffsetListing.ReadError>
  ) -> OffsetVerdict {
    switch (own, table) {
    case (.failure(.absent), _): .failed("the kernel has no BTF")
    case (.failure(.incomplete(let why)), _), (_, .failure(.incomplete(let why))): .failed(why)
    case (.failure(.refused(let why)), _): .failed(why)
    case (_, .failure(.absent)): .failed("the guest did not ask the table")
    case (_, .failure(.refused(let why))): .noEntry(why)
    case (.success(let own), .success(let table)): .judge(release: release, own: own, table: table)
    }
  }

  private static func trouble(_ artifacts: BootArtifacts, _ console: ConsoleJudge) -> String {
    if let panic = console.panic { return panic }
    let message = artifacts.messages.split(separator: "\n").last.map { TerminalText.plain(String($0)) }
    let ended = "krun.sh ended with \(artifacts.end)"
    guard let release = console.bannerRelease else { return message ?? "\(ended) and init was never reached" }
    return message ?? "\(ended) on \(release): \(console.programLines.last ?? "no output")"
  }

  /// Reads the file with the host's quark-btf, which does not need that kernel to be running.
  private func listing(of btf: FilePath) async throws -> Result<OffsetListing, OffsetListing.ReadError> {
    guard FileManager.default.isExecutableFile(atPath: options.quarkBtf) else {
      throw KMatrixError.infrastructure("\(options.quarkBtf): it does not exist, or is not executable (make quark-btf)")
    }
    let program = FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(options.quarkBtf)).string
    let result = try await Tool.run(program, ["-f", btf.string])
    guard result.succeeded else { return .failure(.refused(result.complaint)) }
    return .success(OffsetListing(result.output.split(separator: "\n").map(String.init)))
  }
}

/// What quark-btf printed about a kernel's structures: a name and an offset on each line, or `U` if the kernel has no
/// such field.
struct OffsetListing: Sendable, Equatable {
  /// Lines that are not offsets. For the table they name the releases that the answer is from; for a failure, the
  /// reason.
  private(set) var remarks: [String] = []
  private(set) var offsets: [String: String] = [:]

  init(_ lines: some Sequence<String>) {
    for line in lines {
      let words = line.split(separator: " ")
      if words.count == 2, words[0].contains("."), words[1] == "U" || Int(words[1]) != nil {
        offsets[String(words[0])] = String(words[1])
      } else if !line.hasPrefix("quark-btf: from ") {
        remarks.append(line)
      }
    }
  }

  /// Reads the listing in a guest's output, whose lines begin with `word`. It must be complete, and quark-btf must have
  /// succeeded.
  static func read(_ word: String, in lines: [String]) -> Result<OffsetListing, ReadError> {
    let mine = lines.compactMap { $0.dropping(prefix: "\(word) ").map(String.init) }
    if mine == ["absent"] { return .failure(.absent) }
    guard let last = mine.last, let match = last.wholeMatch(of: /ended with (\d+) after (\d+) lines/) else {
      return .failure(.incomplete("the guest did not finish its listing"))
    }
    let body = mine.dropLast()
    guard body.count == Int(match.2) else {
      return .failure(.incomplete("\(body.count) of \(match.2) lines arrived"))
    }
    guard match.1 == "0" else { return .failure(.refused(body.last ?? "quark-btf exited with \(match.1)")) }
    return .success(OffsetListing(body))
  }

  enum ReadError: Error, Equatable {
    /// The kernel has no BTF.
    case absent
    /// A part of the listing is missing.
    case incomplete(String)
    /// quark-btf failed, with this message.
    case refused(String)
  }
}

/// Whether the offsets table agrees with a kernel's own BTF.
enum OffsetVerdict: Sendable, Equatable {
  case same(count: Int)
  case different([String])
  case noEntry(String)
  case failed(String)

  /// The table must have an entry for the kernel. An answer from its neighbours would only be a guess.
  static func judge(release: String, own: OffsetListing, table: OffsetListing) -> OffsetVerdict {
    guard table.remarks == ["\(release) exact"] else {
      return .noEntry("the table has \(table.remarks.isEmpty ? "nothing" : table.remarks.joined(separator: ", "))")
    }
    guard !own.offsets.isEmpty else {
      return .failed(own.remarks.last ?? "quark-btf lists no offsets")
    }
    let differences = Set(own.offsets.keys).union(table.offsets.keys).sorted().compactMap { name -> String? in
      let (real, said) = (own.offsets[name], table.offsets[name])
      return real == said ? nil : "\(name) is \(real ?? "not listed") and in the table \(said ?? "not listed")"
    }
    return differences.isEmpty ? .same(count: own.offsets.count) : .different(differences)
  }

  var isSame: Bool { if case .same = self { true } else { false } }

  var description: String {
    switch self {
    case .same(let count): "same: \(count) offsets"
    case .different(let list): "DIFFERENT: \(list.joined(separator: "; "))"
    case .noEntry(let why): "NO ENTRY: \(why)"
    case .failed(let why): "FAILED: \(why)"
    }
  }
}
