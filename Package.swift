// swift-tools-version: 6.2
import PackageDescription

// Everything that a guest boots or C links is built with `--traits Embedded` (no Swift runtime); the tests of the host
// are built without it. The two builds need two scratch folders: the Makefile names them.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]
let portable = strict + [.enableExperimentalFeature("Embedded", .when(traits: ["Embedded"]))]
let strictC: [CSetting] = [
  .define("_GNU_SOURCE"),
  .treatAllWarnings(as: .error),
]

/// For a program without the Swift runtime: it is static, and lld leaves out tables that nothing reads.
let standalone: LinkerSetting = .unsafeFlags(
  [
    "-static-executable", "-use-ld=lld", "-Xlinker", "-O2", "-Xlinker", "--icf=all", "-Xlinker", "--no-eh-frame-hdr",
    "-Xlinker", "--script", "-Xlinker", "\(Context.packageDirectory)/packaging/tools.ld",
  ], .when(traits: ["Embedded"]))

/// A small static tool: getopt(3), no argument parser, no Swift runtime when built Embedded.
/// Only the library must be fast; the tool itself must be small, because the initramfs has little room.
func tool(_ name: String, _ others: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name,
    dependencies: ["Quark", "CLinux", "CManual"] + others,
    swiftSettings: portable + [.unsafeFlags(["-Osize"], .when(traits: ["Embedded"]))],
    linkerSettings: [standalone])
}

let package = Package(
  name: "quark",
  products: [
    .library(name: "Quark", targets: ["Quark"]),
    .library(name: "QuarkC", type: .static, targets: ["QuarkC"]),
    .executable(name: "quark-mon", targets: ["quark-mon"]),
    .executable(name: "quark-test", targets: ["quark-test"]),
    .executable(name: "quark-btf", targets: ["quark-btf"]),
    .executable(name: "btfhub", targets: ["btfhub"]),
    .executable(name: "quark-init", targets: ["quark-init"]),
    .executable(name: "kmatrix", targets: ["kmatrix"]),
    .executable(name: "quark-sim", targets: ["quark-sim"]),
    .executable(name: "quark-sim-embedded", targets: ["quark-sim-embedded"]),
  ],
  traits: [
    .trait(name: "Embedded", description: "Build without the Swift runtime, for guests and C programs")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    .target(name: "CQuark", dependencies: ["CWire"], cSettings: strictC),
    .target(name: "CWire", cSettings: strictC),
    .target(name: "CLinux", cSettings: strictC),
    .target(name: "CManual", cSettings: strictC),
    .systemLibrary(name: "CLibbpf"),
    .target(name: "CProbes", cSettings: strictC),
    .target(name: "COffsets", path: "btfhub/COffsets", exclude: ["offsets.table"], cSettings: strictC),
    .target(name: "QuarkCore", dependencies: ["CWire", "CQuark"], swiftSettings: portable),
    .target(name: "QuarkBTF", swiftSettings: portable),
    .target(
      name: "QuarkLinux",
      dependencies: ["QuarkCore", "QuarkBTF", "CWire", "CQuark", "CLinux", "CLibbpf", "CProbes", "COffsets"],
      swiftSettings: portable,
      // Libraries for everything that is linked with it.
      linkerSettings: [.linkedLibrary("bpf"), .linkedLibrary("elf"), .linkedLibrary("z")]),
    .target(
      name: "Quark", dependencies: ["QuarkCore", "QuarkLinux", "CQuark", "CLinux"], swiftSettings: portable),
    .target(
      name: "QuarkC", dependencies: ["Quark", "QuarkCore", "QuarkBTF", "QuarkLinux", "CQuark", "CLinux"],
      swiftSettings: portable),
    tool("quark-mon"),
    tool("quark-test", ["GuestInit"]),
    tool("quark-btf", ["QuarkBTF"]),
    .target(name: "GuestInit", dependencies: ["CLinux"], swiftSettings: portable),
    .executableTarget(
      name: "quark-init",
      dependencies: ["GuestInit"],
      // A single file would be treated as a script, which has its own `main`.
      swiftSettings: portable + [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [standalone]),
    .target(name: "CBench", path: "Benchmarks/CBench", cSettings: strictC),
    .executableTarget(
      name: "quark-bench",
      dependencies: ["QuarkCore", "CQuark", "CLinux", "CBench"],
      path: "Benchmarks/quark-bench",
      swiftSettings: portable,
      // Heap allocations of the program are counted by wrapping the allocation functions.
      linkerSettings: [
        .unsafeFlags([
          "-Xlinker", "--wrap=malloc", "-Xlinker", "--wrap=calloc", "-Xlinker", "--wrap=realloc",
          "-Xlinker", "--wrap=posix_memalign", "-Xlinker", "--wrap=aligned_alloc",
        ]),
        .unsafeFlags(["-static-executable"], .when(traits: ["Embedded"])),
      ]),
    // Writes the table of COffsets.
    .executableTarget(
      name: "btfhub",
      dependencies: [
        "QuarkBTF",
        "QuarkLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      path: "btfhub/generator",
      swiftSettings: strict),
    .executableTarget(
      name: "kmatrix",
      dependencies: [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ],
      swiftSettings: strict),
    .testTarget(name: "QuarkCoreTests", dependencies: ["QuarkCore", "CWire", "CQuark"], swiftSettings: strict),
    .testTarget(
      name: "QuarkLinuxTests", dependencies: ["QuarkLinux", "QuarkCore", "QuarkBTF", "CWire", "CQuark", "CLinux"],
      swiftSettings: strict),
    .testTarget(
      name: "QuarkTests", dependencies: ["Quark", "QuarkLinux", "QuarkCore", "CWire", "CQuark"], swiftSettings: strict),
    .testTarget(
      name: "BTFHubTests", dependencies: ["btfhub", "QuarkBTF", "QuarkLinux"], swiftSettings: strict),
    // A machine, a model of the queue, and what compares the two: for the tests here and for long runs by hand.
    .target(
      name: "Simulator", dependencies: ["QuarkCore", "CWire", "CQuark"], path: "Tests/Simulator",
      swiftSettings: portable),
    .executableTarget(
      name: "quark-sim",
      dependencies: ["Simulator", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/quark-sim",
      swiftSettings: strict),
    .executableTarget(
      name: "quark-sim-embedded", dependencies: ["Simulator", "QuarkLinux"], path: "Tests/quark-sim-embedded",
      swiftSettings: portable,
      linkerSettings: [.unsafeFlags(["-static-executable"], .when(traits: ["Embedded"]))]),
    .testTarget(name: "SimulatorTests", dependencies: ["Simulator"], swiftSettings: strict),
    .testTarget(name: "HouseTests", swiftSettings: strict),
    .testTarget(
      name: "KMatrixTests",
      dependencies: [
        "kmatrix",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      resources: [.copy("Fixtures")],
      swiftSettings: strict,
      // TOMLKit is C++ inside. The package manager links its runtime into kmatrix, but not into the tests of kmatrix.
      linkerSettings: [.linkedLibrary("stdc++")]),
  ],
  cLanguageStandard: .gnu11
)
