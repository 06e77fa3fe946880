// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "ExecWatch",
  dependencies: [
    // The path of the repository, in which `make bpf` was run once.
    .package(name: "quark", path: "../..")
  ],
  targets: [
    .executableTarget(name: "exec-watch", dependencies: [.product(name: "Quark", package: "quark")])
  ]
)
