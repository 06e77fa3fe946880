internal import CLibbpf
internal import CLinux
internal import CProbes
internal import CWire

/// The programs of bpf/process.bpf.c, loaded and attached, and the ring they write to.
public struct EBPFBackend: ~Copyable {
  private let object: BPFObject
  private let ring: RingBuffer
  private let possibleCPUs: Int

  public init() throws(QuarkError) {
    var elfSize = 0
    let elf = unsafe cprobes_process(&elfSize)!
    guard elfSize > 0 else {
      throw QuarkError("open the BPF object", Errno(ENOENT), detail: "this build has none: build with `make`")
    }
    // Safe: the bytes are a constant of the program.
    var object = unsafe try BPFObject(elf: elf, size: elfSize)
    let cpus = libbpf_num_possible_cpus()
    guard cpus > 0 else { throw QuarkError("count the possible CPUs", Errno(-cpus)) }
    try object.setMaxEntries(map: "stages", Int(cpus))
    try object.load()
    let (map, size) = (object.descriptor(ofMap: "ring"), object.maxEntries(ofMap: "ring"))
    let ring = try QuarkError.attempting("map the ring buffer") { () throws(Errno) in
      try RingBuffer(map: map, dataSize: size)
    }
    try object.attach()
    self.object = object
    self.ring = ring
    possibleCPUs = Int(cpus)
  }

  /// Becomes readable when records wait.
  public var readable: CInt { object.descriptor(ofMap: "ring") }

  /// Lends up to `limit` records, each only for the duration of the call. Returns how many.
  public func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int { ring.consume(limit: limit, body) }

  /// Records the ring had no room for, since the backend was opened.
  public func lost() -> UInt64 {
    var zero: UInt32 = 0
    let perCPU = UnsafeMutablePointer<wire_ring_stats>.allocate(capacity: possibleCPUs)
    defer { unsafe perCPU.deallocate() }
    // Safe: a look-up in a per-CPU map fills one 8-byte-aligned value per possible CPU: what was allocated.
    guard unsafe bpf_map_lookup_elem(object.descriptor(ofMap: "ring_stats"), &zero, perCPU) == 0 else { return 0 }
    var sum: UInt64 = 0
    for index in 0..<possibleCPUs { unsafe sum &+= perCPU[index].lost }
    return sum
  }
}
