import Testing

@testable import QuarkCore

@Suite struct ProcCgroupTests {
  @Test(arguments: [
    ("0::/a/b\n", "/a/b"), ("0::/\n", "/"), ("1:name=systemd:/x\n0::/y\n", "/y"), ("8:pids:/p\n0::/y\n", "/y"),
    ("0::/y\n8:pids:/p\n", "/y"), ("9:cpu:/c\n8:pids:/p\n7:memory:/m\n", "/p"), ("8:cpu,pids:/p\n", "/p"),
    ("8:pids,cpu:/p\n", "/p"), ("8:pids:/p\n3:pids:/q\n", "/p"), ("0::/a:b:c\n", "/a:b:c"), ("8:pids:/a:b\n", "/a:b"),
    ("0::/a (deleted)\n", "/a (deleted)"), ("odd\n0::/y\n", "/y"), ("\n\n:\n::\n8:pids:/p\n", "/p"),
    ("9:cpu:/x:pids:/y\n", nil), ("9:mypids:/x\n", nil), ("9:pidsx:/x\n", nil), ("10::/x\n", nil), ("x0::/x\n", nil),
    ("0::\n", nil), ("8:pids:\n", nil), ("8:pids\n", nil), ("", nil), ("0::/cut", nil), ("8:pids:/p\n0::/cut", "/p"),
    ("9:cpu:/0::/x\n", nil),
  ])
  func path(text: String, expected: String?) {
    let bytes = Array(text.utf8)
    #expect(ProcCgroup.path(in: bytes.span).map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
  }
}

@Suite struct ContainerIDTests {
  /// The name, with room for `capacity` bytes including the NUL.
  func name(_ path: String, capacity: Int = 256) -> String? {
    var text = [CChar](repeating: 0x55, count: capacity + 1)
    let length = unsafe text.withUnsafeMutableBufferPointer {
      unsafe ContainerID.write(cgroup: Array(path.utf8).span, to: .init(rebasing: $0[..<capacity]))
    }
    #expect(text[capacity] == 0x55, "nothing is written behind the room")
    guard let length else { return nil }
    #expect(text[length] == 0)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  @Test(arguments: [
    ("foo/docker-f6aa.scope", "docker://f6aa"),
    ("foo/cri-containerd-abc123def456.scope", "containerd://abc123def456"),
    ("foo/containerd-abc.scope", "containerd://abc"),
    ("foo/crio-0123.scope", "cri-o://0123"),
    ("foo/libpod-0123.scope", "cri-o://0123"),
    ("/a/b.slice/c/docker-f6aa.scope", "docker://f6aa"),
    ("/docker-.scope", "docker://"),
    ("/docker-a.b.scope", "docker://a.b"),
    ("/docker-a.", "docker://a"),
    ("/docker-.", "docker://"),
    ("crio-0123.scope", nil), ("foo/docker-abc", nil), ("foo/something-abc.scope", nil), ("", nil), ("/", nil),
    ("foo/", nil), ("foo/docker-a.scope/", nil), ("foo.d/docker-abc", nil), ("/docker", nil), ("/docker-", nil),
    ("/Docker-a.scope", nil), ("/xdocker-a.scope", nil), ("/.scope", nil),
  ])
  func vectors(path: String, expected: String?) { #expect(name(path) == expected) }

  /// `docker://f6aa.scope` and its NUL have 20 bytes.
  @Test func itHasToFit() {
    #expect(name("foo/docker-f6aa.scope", capacity: 20) == "docker://f6aa")
    for capacity in 0..<20 { #expect(name("foo/docker-f6aa.scope", capacity: capacity) == nil) }
  }
}
