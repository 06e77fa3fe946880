import ArgumentParser
import Foundation
import Logging
import Subprocess
import SystemPackage

struct RunCommand: AsyncParsableCommand {
  static let defaultCosts = "kernel-images/costs.json"

  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Boot kernels, run quark-test in each, and report.",
    discussion: """
      Options for quark-test follow `--`, for example `kmatrix run -- -k`. A run of a whole set also has tests that go \
      wrong on purpose, to prove that failures are noticed.
      """)

  @OptionGroup var selection: SelectionOptions

  @Option(help: "Only these tests, separated by commas or blanks.")
  var tests = ""

  @Option(help: "How many guests run at a time (default: one per core).")
  var jobs: Int?

  @Option(help: "CPUs of each guest.")
  var cpus = GuestSettings().cpus

  @Option(name: .customLong("image"), help: "Boot this image, named linux-RELEASE, instead of a set. May be repeated.")
  var images: [String] = []

  @Option(help: "The initramfs to boot with.")
  var initramfs = GuestSettings().initramfs

  @Option(help: "The script that boots one kernel.")
  var krun = "./krun.sh"

  @Option(help: "The folder for results, reports and logs.")
  var resultsDir = "test-results"

  @Option(help: "Run only part I of N, split by recorded cost.")
  var shard: Shard?

  @Option(help: "The table of recorded costs.")
  var costs = RunCommand.defaultCosts

  @Option(help: "Seconds a boot may take with all its tests, before scaling by the machine's speed.")
  var timeout = GuestSettings().timeout

  @Option(help: "Run the tests in the order that this seed gives.")
  var shuffle: Int?

  @Flag(help: "Run each test by itself, one after the other.")
  var alone = false

  @Option(help: "KERNELS/SERIES: fail unless at least that many kernels, of that many series, pass and none is gone.")
  var floor: Floor?

  @Flag(help: "Fail if a locked kernel is gone, instead of replacing it.")
  var locked = false

  @Flag(
    inversion: .prefixedNo,
    help: "Also run tests that go wrong on purpose (default: unless kernels or tests are chosen).")
  var negative: Bool?

  @Flag(name: .shortAndLong, help: "Log every command line and how it ended, on standard error.")
  var verbose = false

  @Argument(parsing: .postTerminator, help: "Options for quark-test.")
  var guestArguments: [String] = []

  func validate() throws {
    try require(1...Scheduler.jobLimit, "--jobs", jobs)
    try require(1...255, "--cpus", cpus)
    try require(1...Int(Int32.max), "--shuffle", shuffle)
    if floor != nil, shard != nil {
      throw ValidationError("--floor is for a whole run, not for a shard: give it to merge")
    }
    try require(1...86_400, "--timeout", timeout)
  }

  func run() async throws {
    try await Interruption.cancelling { try await MatrixRun(options: self).run() }
  }
}

/// `kmatrix run`, from the options to the exit code.
struct MatrixRun: Sendable {
  let options: RunCommand
  private let source: any KernelSource
  private let command: GuestCommand
  private let folder: URL
  private let logger: Logger

  init(options: RunCommand) throws {
    self.options = options
    source = try Self.source(options)
    let tests = options.tests.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
    var command = GuestCommand(arguments: options.guestArguments, tests: tests)
    command.seed = options.shuffle
    command.isAlone = options.alone
    self.command = command
    folder = URL(filePath: options.resultsDir)
    var logger = Logger(label: "kmatrix") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = options.verbose ? .debug : .warning
    self.logger = logger
  }

  /// Where the kernels come from: files given by hand, or the store of `kernel-images`.
  private static func source(_ options: RunCommand) throws(KMatrixError) -> any KernelSource {
    if !options.images.isEmpty { return ImageFiles(paths: options.images) }
    return try StoredKernels()
  }

  func run() async throws {
    let started = Date.now
    try requireFiles()
    let selected = try select()
    let fetchStarted = Date.now
    let items = try await fetch(selected)
    // The clock may be set in the meantime.
    let fetchSeconds = max(0, Date.now.timeIntervalSince(fetchStarted))
    if let first = items.first(where: { $0.obstacle == nil }) { try await rehearse(first.image) }
    let host = await measureHost()
    let logs = folder.appending(path: "logs")
    try prepare(logs)
    let budget = BootBudget(slowdown: host.slowdown, limits: BootBudget.Limits(run: options.timeout))
    let booter = Booter(
      krun: options.krun, initramfs: options.initramfs, budget: budget, cpus: options.cpus, logs: logs, logger: logger)
    let view: any RunView = StandardOutput.isTerminal ? LiveTable() : PlainView()
    let scheduler = Scheduler(booter: booter, command: command, jobs: host.jobs, view: view)
    if let seed = options.shuffle { StandardOutput.line("Tests shuffled with seed \(seed)") }
    let kernels = try await show(view, items, jobs: host.jobs) { try await scheduler.run(items) }
    try report(
      MatrixResults(
        started: started, finished: .now, host: host, shards: options.shard.map { [$0.description] } ?? [],
        interrupted: Task.isCancelled, seed: options.shuffle, floor: options.floor, fetchSeconds: fetchSeconds,
        kernels: withReruns(kernels, items)))
  }

  private func requireFiles() throws(KMatrixError) {
    guard FileManager.default.isExecutableFile(atPath: options.krun) else {
      throw .infrastructure("\(options.krun): it does not exist, or is not executable")
    }
    guard FileManager.default.isReadableFile(atPath: options.initramfs) else {
      throw .infrastructure("\(options.initramfs): cannot be read (make initramfs.gz)")
    }
  }

  /// The rows of this run, oldest kernel first. Their images may not exist yet.
  private func select() throws -> [WorkItem] {
    let selected = try source.select(KernelSelection(set: options.selection.set, glob: options.selection.kernels))
    if selected.isEmpty { throw KMatrixError.usage("no kernels are selected") }
    if let twice = Dictionary(grouping: selected, by: \.release).first(where: { $0.value.count > 1 }) {
      throw KMatrixError.usage("\(twice.key) is given twice")
    }
    let costs = try CostTable(contentsOf: options.costs)
    var items = selected.sorted { KernelOrder.isOlder($0.release, $1.release) }.map {
      WorkItem(image: $0, cost: costs.cost(series: $0.series, flavour: $0.flavour))
    }
    if let newest = try negativeKernel(of: selected) {
      items.append(WorkItem(image: newest, isNegative: true, cost: costs.negativeCost(of: newest)))
    }
    if let shard = options.shard { items = shard.select(from: items) }
    if items.isEmpty { throw KMatrixError.usage("--shard \(options.shard?.description ?? ""): the shard is empty") }
    return items
  }

  /// The kernel on which tests go wrong on purpose, or nil: the newest one on which the other tests of that row pass.
  private func negativeKernel(of selected: [KernelImage]) throws(KMatrixError) -> KernelImage? {
    guard includesNegative else { return nil }
    let able = selected.filter { $0.flavour != KernelManifest.Flavour.nobtf.rawValue }
    if able.isEmpty, options.negative == true { throw .usage("--negative needs a kernel with BTF") }
    return able.max { KernelOrder.isOlder($0.release, $1.release) }
  }

  /// A run of chosen kernels or tests is an experiment. A run of a whole set is a proof, and must show that it can
  /// fail.
  private var includesNegative: Bool {
    options.negative ?? (options.selection.kernels == nil && command.tests.isEmpty && options.images.isEmpty)
  }

  private func fetch(_ items: [WorkItem]) async throws -> [WorkItem] {
    var seen: Set<String> = []
    let needed = items.map(\.image).filter { seen.insert($0.release).inserted }
    let fetched = try await source.fetch(needed, locked: options.locked)
    var taken = Set(needed.map(\.release).filter { fetched.images[$0]?.replaces == nil })
    let fetchedItems = items.map { item in
      var item = item
      if let image = fetched.images[item.image.release] {
        // A replacement may be a kernel that the matrix has anyway. It is run once.
        if image.replaces != nil, !item.isNegative, !taken.insert(image.release).inserted {
          item.obstacle = "the mirror has dropped it, and \(image.release), which would take its place, runs anyway"
          item.obstacleVerdict = .skip
        } else {
          item.image = image
        }
      } else if let reason = fetched.missing[item.image.release] {
        item.obstacle = reason
        item.obstacleVerdict = options.locked ? .infra : .skip
      } else {
        item.obstacle = "its image could not be made"
      }
      return item
    }
    if let obstacle = fetchedItems.first?.obstacle, fetchedItems.allSatisfy({ $0.obstacle != nil }) {
      throw KMatrixError.infrastructure(obstacle)
    }
    return fetchedItems
  }

  /// Lets krun.sh check this machine first, so that a problem is reported once and not by each kernel.
  private func rehearse(_ image: KernelImage) async throws {
    let arguments = ["--dry-run", options.initramfs, image.path] + command.words
    let outcome = try await Subprocess.run(
      .path(FilePath(options.krun)), arguments: Arguments(arguments), output: .discarded,
      error: .string(limit: 1 << 16))
    guard outcome.terminationStatus == .exited(125) else { return }
    let message = outcome.standardError.split(separator: "\n").last.map(String.init)
    throw KMatrixError.infrastructure(message ?? "\(options.krun) cannot run guests here, and does not say why")
  }

  private func measureHost() async -> MatrixResults.Host {
    let jobs = options.jobs ?? HostSpeed.jobs(cpus: options.cpus)
    let slowdown = await HostSpeed.measureSlowdown(jobs: jobs)
    return MatrixResults.Host(cores: HostSpeed.cores, jobs: jobs, cpus: options.cpus, slowdown: slowdown)
  }

  /// Removes the logs of an earlier run, which would be taken for this run's.
  private func prepare(_ logs: URL) throws(KMatrixError) {
    try ReportWriter.makeFolder(logs)
    try LogFolder(logs).requireRoom()
    let files = (try? FileManager.default.contentsOfDirectory(at: logs, includingPropertiesForKeys: nil)) ?? []
    for file in files where file.pathExtension == "txt" { try? FileManager.default.removeItem(at: file) }
  }

  private func show(
    _ view: any RunView, _ items: [WorkItem], jobs: Int, while work: () async throws -> [KernelResult]
  ) async throws -> [KernelResult] {
    await view.start(titles: items.map(\.title), jobs: jobs)
    let ticker = Task {
      while (try? await Task.sleep(for: .milliseconds(120))) != nil { await view.tick() }
    }
    let outcome: Result<[KernelResult], any Error>
    do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
    ticker.cancel()
    await ticker.value
    await view.finish()
    return try outcome.get()
  }

  /// Adds to each failure the command that repeats it alone.
  private func withReruns(_ kernels: [KernelResult], _ items: [WorkItem]) -> [KernelResult] {
    zip(kernels, items).map { kernel, item in
      guard kernel.verdict.countedAs == .failed else { return kernel }
      var kernel = kernel
      let whole = item.isNegative ? NegativeBoot.command : command
      kernel.rerun = rerun(item, whole)
      for index in kernel.tests.indices where kernel.tests[index].verdict.countedAs == .failed {
        let test = kernel.tests[index]
        // A test that fails only beside others has to be repeated with them.
        let isShared = test.reason.hasSuffix(TestRecord.passesAlone)
        let again = isShared ? whole : whole.only([test.name], backend: test.backend)
        kernel.tests[index].rerun = rerun(item, again)
      }
      return kernel
    }
  }

  /// A usual run of the kernel has no tests that go wrong on purpose, so krun.sh repeats that row.
  private func rerun(_ item: WorkItem, _ command: GuestCommand) -> String {
    let guest = GuestSettings(initramfs: options.initramfs, cpus: options.cpus, timeout: options.timeout)
    return item.isNegative
      ? ImageFiles.krunLine(item.image, command: command, in: guest)
      : source.rerun(item.image, command: command, in: guest)
  }

  private func report(_ results: MatrixResults) throws {
    // The summary is printed even if the reports cannot be written.
    var failure: KMatrixError?
    do { try ReportWriter(folder: folder).write(results) } catch { failure = error }
    let lines = RunSummary(results, folder: failure == nil ? options.resultsDir : nil).lines
    for line in lines { StandardOutput.line(line) }
    if let failure { throw failure }
    if results.interrupted { throw ExitCode(Interruption.exitCode) }
    if results.kernels.allSatisfy({ $0.verdict == .infra }) {
      throw KMatrixError.infrastructure(results.kernels.first?.reasons.first ?? "no kernel could be booted")
    }
    if !results.isSuccess { throw ExitCode(1) }
  }
}
