import ArgumentParser
import Foundation
import Subprocess
import SystemPackage

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this machine lacks to fetch and boot the kernels, and how to get it.")

  @OptionGroup var root: RootOption

  func run() async throws {
    let doctor = Doctor(root: try root.path(), environment: ProcessInfo.processInfo.environment)
    var failures = 0
    await doctor.examine { finding in
      StandardOutput.line(finding.line)
      if finding.grade == .fail { failures += 1 }
    }
    if failures > 0 { throw KernelStoreError("\(failures) problem\(failures == 1 ? "" : "s") to solve") }
  }
}

/// Checks everything that the matrix needs from the machine.
struct Doctor: Sendable {
  /// A tool and the Debian package that has it.
  private static let tools = [
    ("apt-get", "apt"), ("/usr/lib/apt/apt-helper", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar"),
    ("sha256sum", "coreutils"), ("flock", "util-linux"), ("gzip", "gzip"), ("xz", "xz-utils"), ("zstd", "zstd"),
    ("lz4", "lz4"),
  ]
  private static let qemu = "qemu-system-x86_64"

  var root: FilePath
  var environment: [String: String]

  func examine(_ report: (Diagnosis) -> Void) async {
    for tool in await toolFindings() { report(tool) }
    for finding in await qemuFindings() { report(finding) }
    report(keyring)
    let cached = await kernelFindings(report)
    report(await mirror(isNeeded: !cached))
    report(initramfs)
  }

  // MARK: Tools

  private func toolFindings() async -> [Diagnosis] {
    var missing: [Diagnosis] = []
    for (tool, package) in Self.tools where await !Tool.isInstalled(tool) {
      missing.append(Diagnosis(.fail, tool, "not installed: apt-get install \(package)"))
    }
    let names = Self.tools.map { FilePath($0.0).lastComponent?.string ?? $0.0 }
    return missing.isEmpty ? [Diagnosis(.ok, "tools", names.list)] : missing
  }

  private func qemuFindings() async -> [Diagnosis] {
    guard await Tool.isInstalled(Self.qemu) else {
      return [Diagnosis(.fail, "qemu", "\(Self.qemu) not found: apt-get install qemu-system-x86")]
    }
    do throws(KernelStoreError) {
      let result = try await Tool.run(Self.qemu, ["--version"])
      guard result.succeeded else { return [Diagnosis(.fail, "qemu", "\(Self.qemu): \(result.complaint)")] }
      let version = result.output.firstMatch(of: /version (\S+)/).map { String($0.1) } ?? "of unknown version"
      guard try await firmwareRuns(accelerator: "tcg") else {
        return [Diagnosis(.fail, "qemu", "\(version), but it does not run a guest of two instructions")]
      }
      return [Diagnosis(.ok, "qemu", version), try await kvm]
    } catch {
      return [Diagnosis(.fail, "qemu", error.description)]
    }
  }

  /// `/dev/kvm` can exist and be useless, so a small guest is run.
  private var kvm: Diagnosis {
    get async throws(KernelStoreError) {
      guard FileManager.default.fileExists(atPath: "/dev/kvm") else {
        return Diagnosis(.warn, "KVM", "absent: the kernels run emulated, which is slower")
      }
      guard FileManager.default.isWritableFile(atPath: "/dev/kvm") else {
        return Diagnosis(.warn, "KVM", "you may not open /dev/kvm: join the group kvm; until then kernels run emulated")
      }
      return try await firmwareRuns(accelerator: "kvm")
        ? Diagnosis(.ok, "KVM", "working")
        : Diagnosis(.warn, "KVM", "unusable: /dev/kvm exists, but no guest runs with it; the kernels run emulated")
    }
  }

  /// Runs a firmware that only writes 0x10 to the exit device; qemu then exits with 2 × 0x10 + 1.
  private func firmwareRuns(accelerator: String) async throws(KernelStoreError) -> Bool {
    let file = FileManager.default.temporaryDirectory.appending(path: "kmatrix-firmware-\(UUID())")
    defer { try? FileManager.default.removeItem(at: file) }
    do { try Self.firmware.write(to: file) } catch {
      throw KernelStoreError("\(file.path): cannot be written: \(error.reason)")
    }
    let arguments = [
      "20", Self.qemu, "-M", "pc", "-accel", accelerator, "-cpu", "max", "-m", "16", "-nodefaults",
      "-no-user-config", "-display", "none", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
      "-bios", file.path,
    ]
    return try await Tool.run("timeout", arguments).status == .exited(33)
  }

  /// 64 KiB of hlt, except where a CPU begins, 16 bytes before the end: mov $0x10,%al; out %al,$0xf4.
  private static let firmware: Data = {
    var bytes = Data(repeating: 0xf4, count: 0x10000)
    bytes.replaceSubrange(0xfff0..<0xfff4, with: [0xb0, 0x10, 0xe6, 0xf4])
    return bytes
  }()

  // MARK: Files and network

  private var keyring: Diagnosis {
    FileManager.default.fileExists(atPath: AptArchive.keyring)
      ? Diagnosis(.ok, "keyring", AptArchive.keyring)
      : Diagnosis(.fail, "keyring", "\(AptArchive.keyring) is missing: apt-get install debian-archive-keyring")
  }

  private var initramfs: Diagnosis {
    let path = root.appending("initramfs.gz")
    return FileManager.default.fileExists(atPath: path.string)
      ? Diagnosis(.ok, "initramfs", path.string)
      : Diagnosis(.warn, "initramfs", "\(path) is not built yet: make initramfs.gz")
  }

  /// Reports on the cache and the images. Returns whether all images of the default set are cached.
  private func kernelFindings(_ report: (Diagnosis) -> Void) async -> Bool {
    do throws(KernelStoreError) {
      let store = try KernelStore(root: root, environment: environment)
      let kernels = try store.select()
      var missing: [LockedKernel] = []
      for kernel in kernels where try await store.cache.state(of: kernel, .quick) != .present {
        missing.append(kernel)
      }
      report(cache(store.cache, missing))
      report(
        missing.isEmpty
          ? Diagnosis(.ok, "kernels", "all \(kernels.count) of the default set are cached")
          : Diagnosis(.warn, "kernels", "\(missing.count) of \(kernels.count) are not cached: kmatrix fetch"))
      return missing.isEmpty
    } catch {
      report(Diagnosis(.fail, "kernels", error.description))
      return false
    }
  }

  private func cache(_ cache: KernelCache, _ missing: [LockedKernel]) -> Diagnosis {
    do throws(KernelStoreError) { try cache.makeFolder(cache.directory) } catch {
      return Diagnosis(.fail, "cache", error.description)
    }
    guard FileManager.default.isWritableFile(atPath: cache.directory.string) else {
      let advice = "you may not write to \(cache.directory); set QUARK_CACHE to use another cache"
      return Diagnosis(missing.isEmpty ? .warn : .fail, "cache", advice)
    }
    let need = ImageMaker.space(for: missing, atOnce: KernelStore.width)
    guard let free = cache.freeBytes else {
      return Diagnosis(.warn, "cache", "\(cache.directory): its free space is not known")
    }
    return free < need
      ? Diagnosis(.fail, "cache", "\(cache.directory): \(free.megabytes) free, \(need.megabytes) needed: make room")
      : Diagnosis(.ok, "cache", "\(cache.directory), \(free.megabytes) free")
  }

  private func mirror(isNeeded: Bool) async -> Diagnosis {
    let bad = isNeeded ? Diagnosis.Grade.fail : .warn
    do throws(KernelStoreError) {
      let mirrors = try await Mirrors.discover(environment)
      let archive = AptArchive(cache: KernelCache(directory: root), environment: environment, mirrors: mirrors)
      let address = mirrors.main.first ?? ""
      if let trouble = await archive.trouble(reaching: address) {
        return Diagnosis(bad, "mirror", "\(address) cannot be reached: \(trouble); check the network or apt's sources")
      }
      let others = mirrors.security.isEmpty ? " (no security archive: *-security suites are left out)" : ""
      return Diagnosis(.ok, "mirror", address + others)
    } catch {
      return Diagnosis(bad, "mirror", error.description)
    }
  }
}

/// One finding of `kmatrix doctor`.
struct Diagnosis: Sendable, Equatable {
  enum Grade: String, Sendable {
    case ok
    /// The matrix will run, but slower, or only after another step.
    case warn
    case fail = "FAIL"
  }

  var grade: Grade
  var subject: String
  /// What was found and, if something is wrong, what to do.
  var finding: String

  init(_ grade: Grade, _ subject: String, _ finding: String) {
    (self.grade, self.subject, self.finding) = (grade, subject, finding)
  }

  var line: String {
    let grade = grade.rawValue + String(repeating: " ", count: 4 - grade.rawValue.count)
    return "\(grade)  \(subject): \(finding)"
  }
}
