// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "QuarkSwiftBenchmark",
  dependencies: [.package(name: "quark", path: "../..")],
  targets: [
    .executableTarget(name: "quark-swift", dependencies: [.product(name: "Quark", package: "quark")])
  ]
)
