import ArgumentParser
import Foundation
import Logging
import Subprocess
import TOMLKit

@main
struct KMatrix: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run quark-test on a matrix of kernels.")
  func run() async throws {
    let t = try TOMLTable(string: "a = 1\n")
    print(t.convert())
  }
}
