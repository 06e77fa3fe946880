import CBench
import CQuark
import QuarkCore

// The package manager links an executable with `main` defined as MODULE_main.
@c(quark_bench_main)
public func quarkBenchMain(
  _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  guard argc == 5, let load = unsafe Load(named: argv[1]!), let hasStrings = unsafe isStrings(argv[2]!),
    let graceTimeS = unsafe number(argv[3]!), let processes = unsafe number(argv[4]!), processes >= 8
  else {
    unsafe cbench_complain(
      "usage: quark-bench stream|bulk|single|hot|sources|rules strings|plain GRACE-SECONDS PROCESSES\n")
    return 1
  }
  if load == .rules {
    var bench = RuleBench(hasStrings: hasStrings, processes: processes)
    return bench.measure() ? 0 : 1
  }
  var bench = Bench(load, hasStrings: hasStrings, graceTimeMS: CInt(graceTimeS * 1000), processes: processes)
  return bench.measure() ? 0 : 1
}

private func isStrings(_ text: UnsafePointer<CChar>) -> Bool? {
  switch unsafe UInt8(bitPattern: text[0]) {
  case UInt8(ascii: "s"): true
  case UInt8(ascii: "p"): false
  default: nil
  }
}

private func number(_ text: UnsafePointer<CChar>) -> Int? {
  var end: UnsafeMutablePointer<CChar>?
  let value = unsafe strtol(text, &end, 10)
  return unsafe end!.pointee == 0 && end! != text && value >= 0 && value <= 4_000_000 ? value : nil
}
