/// The name of a container in Kubernetes, such as `containerd://abc123`, from the path of its control group. The layout
/// is that of the systemd cgroup driver: the last component is `<prefix>-<id>.scope`. The id is not validated.
public enum ContainerID {
  /// Writes the name and a NUL to `text` and returns the length of the name in bytes; nil if the path names no
  /// container or the name does not fit. There must be room also for the suffix, which is then cut off.
  @unsafe public static func write(cgroup path: Span<UInt8>, to text: UnsafeMutableBufferPointer<CChar>) -> Int? {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    let name = path.extracting((slash + 1)...)
    guard let (prefix, runtime) = runtime(of: name) else { return nil }
    let rest = name.extracting(prefix.utf8CodeUnitCount...)
    let runtimeLength = runtime.utf8CodeUnitCount
    guard runtimeLength + rest.count < text.count, let dot = rest.lastIndex(of: UInt8(ascii: ".")) else {
      return nil
    }
    // Safe: the written text is shorter than the text that was just found to fit.
    for index in 0..<runtimeLength { unsafe text[index] = CChar(bitPattern: runtime.utf8Start[index]) }
    for index in 0..<dot { unsafe text[runtimeLength + index] = CChar(bitPattern: rest[index]) }
    unsafe text[runtimeLength + dot] = 0
    return runtimeLength + dot
  }

  private static func runtime(of name: Span<UInt8>) -> (prefix: StaticString, runtime: StaticString)? {
    if name.has("docker-") { return ("docker-", "docker://") }
    if name.has("crio-") { return ("crio-", "cri-o://") }
    if name.has("libpod-") { return ("libpod-", "cri-o://") }
    if name.has("cri-containerd-") { return ("cri-containerd-", "containerd://") }
    if name.has("containerd-") { return ("containerd-", "containerd://") }
    return nil
  }
}
