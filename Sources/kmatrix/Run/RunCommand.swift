import ArgumentParser
import Foundation
import Logging

struct RunCommand: AsyncParsableCommand {
  static let defaultCosts = "kernel-images/costs.json"

  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Boot kernels, run quark-test in each, and report.",
    discussion: """
      Options for quark-test follow `--`, for example `kmatrix run -- -k`. A run of a whole set also has tests that go \
      wrong on purpose, to prove that it is noticed.
      """)

  @Option(help: "A set of kernels.toml; \"full\" is all. Default: \"default\", or with --kernels all.")
  var set: String?

  @Option(help: "Kernels by release or series-flavour: globs, separated by commas.")
  var kernels: String?

  @Option(help: "Only these tests, separated by commas or blanks.")
  var tests = ""

  @Option(help: "How many guests at a time (default: one per core).")
  var jobs: Int?

  @Option(help: "CPUs of each guest.")
  var cpus = 1

  @Option(name: .customLong("image"), help: "Boot this image, named linux-RELEASE, instead of a set. May be repeated.")
  var images: [String] = []

  @Option(help: "The initramfs to boot with.")
  var initramfs = "initramfs.gz"

  @Option(help: "The script that boots one kernel.")
  var krun = "./krun.sh"

  @Option(help: "Where results, reports and logs go.")
  var resultsDir = "test-results"

  @Option(help: "Run only part I of N, split by recorded cost.")
  var shard: Shard?

  @Option(help: "The table of recorded costs.")
  var costs = RunCommand.defaultCosts

  @Option(help: "Seconds a boot may take with all its tests, before scaling by the machine's speed.")
  var timeout = 300

  @Option(help: "Run the tests in the order that this seed gives.")
  var shuffle: Int?

  @Flag(help: "Run each test by itself, one after the other.")
  var alone = false

  @Option(help: "Fail unless so many kernels, of so many series, pass and none is gone: KERNELS/SERIES.")
  var floor: Floor?

  @Flag(help: "Fail if a locked kernel is gone, instead of taking its successor.")
  var locked = false

  @Flag(inversion: .prefixedNo, help: "Also let tests go wrong on purpose (default: if all kernels and tests run).")
  var negative: Bool?

  @Flag(name: .shortAndLong, help: "Log every command line and how it ended, on standard error.")
  var verbose = false

  @Argument(parsing: .postTerminator, help: "Options for quark-test.")
  var guestArguments: [String] = []

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): at least 1 is needed") }
    if cpus < 1 { throw ValidationError("--cpus \(cpus): at least 1 is needed") }
    if let shuffle, !(1...Int(Int32.max)).contains(shuffle) {
      throw ValidationError("--shuffle \(shuffle): a seed is from 1 to \(Int32.max)")
    }
    if floor != nil, shard != nil { throw ValidationError("--floor is of a whole run, not of a shard: merge takes it") }
    if timeout < 1 { throw ValidationError("--timeout \(timeout): at least 1 is needed") }
  }

  func run() async throws {
    try await Interruption.heeded { try await MatrixRun(options: self).run() }
  }
}

extension Shard: ExpressibleByArgument {
  init?(argument: String) {
    self.init(argument)
  }
}

extension Floor: ExpressibleByArgument {
  init?(argument: String) {
    self.init(argument)
  }
}
