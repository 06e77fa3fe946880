// All fuzzers in one program, whose name chooses one: record, proc, cgroup, recording, btf, types, table or rules.
// libFuzzer passes bytes to it and observes their way through the code (llvm.org/docs/LibFuzzer.html). It is compiled
// together with QuarkCore and the part of the BTF code without system calls, as one module. For any bytes, nothing may
// trap, nothing may be read or written out of bounds, no memory may leak, and the `precondition`s here must hold.

nonisolated(unsafe) private var fuzzer: (RawSpan) -> Void = { _ in }

@c(LLVMFuzzerInitialize)
public func fuzzInitialize(
  _ argc: UnsafeMutablePointer<CInt>, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  let path = unsafe String(cString: argv.pointee[0]!)
  switch path.split(separator: "/").last {
  case "record": unsafe fuzzer = fuzzRecord
  case "proc": unsafe fuzzer = fuzzProc
  case "cgroup": unsafe fuzzer = fuzzCgroup
  case "recording": unsafe fuzzer = fuzzRecording
  case "btf": unsafe fuzzer = fuzzBTF
  case "types": unsafe fuzzer = fuzzTypes
  case "table": unsafe fuzzer = fuzzTable
  case "rules": unsafe fuzzer = fuzzRules
  default: fatalError("\(path) is not the name of a fuzzer")
  }
  return 0
}

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  unsafe fuzzer(RawSpan(_unsafeStart: bytes, byteCount: count))
  return 0
}
