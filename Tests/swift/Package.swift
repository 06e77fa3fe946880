// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "QuarkSwiftTest",
  dependencies: [.package(name: "quark", path: "../..")],
  targets: [
    .executableTarget(
      name: "quark-swift-test", dependencies: [.product(name: "Quark", package: "quark")],
      swiftSettings: [
        .treatAllWarnings(as: .error), .strictMemorySafety(), .enableUpcomingFeature("MemberImportVisibility"),
      ]),
    // The steps of the tutorial in Quark.docc before examples/ExecWatch.
    .executableTarget(name: "step-02", dependencies: [.product(name: "Quark", package: "quark")]),
    .executableTarget(name: "step-03", dependencies: [.product(name: "Quark", package: "quark")]),
  ]
)
