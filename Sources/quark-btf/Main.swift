import CLinux
import QuarkBTF
import QuarkLinux

// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_btf_main)
public func quarkBTFMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  switch unsafe Options.parse(argc, argv) {
  case .exit(let status): return status
  case .run(let options):
    do {
      return try run(options)
    } catch {
      FileDescriptor.complain("quark-btf: \(error.message)\n")
      return 1
    }
  }
}

private func run(_ options: Options) throws(QuarkError) -> CInt {
  switch options.source {
  case .system: return show(try KernelOffsets.running(), options)
  case .file(let path): return show(try KernelOffsets(btf: path), options)
  case .table(let release): return showKnown(release, options)
  case .declaration(let file, let name, let release):
    let offsets = try KernelOffsets(btf: file)
    if options.isVerbose { explain(offsets.origin) }
    return printOut(OffsetText.declaration(offsets, name: name, release: release))
  }
}

/// Prints first the releases from which the answer comes, one on each line, and how they were chosen.
private func showKnown(_ release: String, _ options: Options) -> CInt {
  let machine = options.machine ?? SystemName().machine
  let answer = KernelOffsets.known(release: release, machine: machine)
  guard let offsets = answer.offsets else {
    FileDescriptor.complain("quark-btf: \(answer.words(release: release, machine: machine))\n")
    return 1
  }
  var chosen = "\(release) exact\n"
  if case .between(_, let below, let above) = answer { chosen = "\(below) neighbour\n\(above) neighbour\n" }
  let status = printOut(chosen)
  return status != 0 || !options.isVerbose && options.targets.isEmpty ? status : show(offsets, options)
}

private func show(_ offsets: KernelOffsets, _ options: Options) -> CInt {
  if options.isVerbose { explain(offsets.origin) }
  if options.targets.isEmpty { return printOut(OffsetText.all(offsets, hasBits: options.hasBits)) }
  let width = options.targets.map { $0.utf8.count }.max() ?? 0
  for target in options.targets {
    guard let name = Dotname(target) else {
      FileDescriptor.complain("quark-btf: dotname \"\(target)\" doesn't exist, did you type it correctly?\n")
      return 1
    }
    let status = printOut(OffsetText.line(name, offsets, width: width, hasBits: options.hasBits))
    if status != 0 { return status }
  }
  return 0
}

private func explain(_ origin: KernelOffsets.Origin) {
  switch origin {
  case .types(let path): FileDescriptor.complain("quark-btf: from \(path)\n")
  case .table(let release): FileDescriptor.complain("quark-btf: from the table, which has \(release)\n")
  case .neighbours(let below, let above):
    FileDescriptor.complain("quark-btf: from the table, where \(below) and \(above) agree\n")
  }
}

/// Prints text, and returns the exit status.
func printOut(_ text: String) -> CInt {
  let bytes = Array(text.utf8)
  do { try FileDescriptor.writeAll(bytes.span, to: STDOUT_FILENO) } catch {
    FileDescriptor.complain("quark-btf: cannot write to standard output: \(error.description)\n")
    return 1
  }
  return 0
}
