import CLinux
import CQuark
import QuarkCore
import QuarkLinux

/// A JSON object in another, with the smallest and largest numbers.
func hansonObject(_: TestContext) throws(TestEnd) {
  unsafe try expectJSON(#"{"basic":{"foo":"bar","zero":0,"neg_one":-1,"int64_min":-9223372036854775808}}"#) { json in
    var (outer, inner): (CInt, CInt) = (1, 1)
    var result = unsafe json.add(key: "basic", &outer) | json.add(ascii: 0x7b)
    unsafe result |= json.add(key: "foo", &inner) | json.add(string: "bar", nil)
    unsafe result |= json.add(key: "zero", &inner) | json.add(integer: 0, nil)
    unsafe result |= json.add(key: "neg_one", &inner) | json.add(integer: -1, nil)
    unsafe result |= json.add(key: "int64_min", &inner) | json.add(integer: .min, nil)
    return unsafe result | json.add(ascii: 0x7d)
  }
}

/// Characters that must be escaped, and characters that must not.
func hansonEscape(_: TestContext) throws(TestEnd) {
  unsafe try expectJSON("{\"k\":\"\\\\ \\\" \\b\\f\\n\\r\\t \\u0001\\u001f \u{7f}\u{e9}/\"}") { json in
    var first: CInt = 1
    return unsafe json.add(key: "k", &first) | json.add(string: "\\ \" \u{8}\u{c}\n\r\t \u{1}\u{1f} \u{7f}\u{e9}/", nil)
  }
}

/// `fill` adds to an object, and returns 0.
private func expectJSON(
  _ expected: StaticString, _ fill: (UnsafeMutablePointer<hanson>) -> CInt
) throws(TestEnd) {
  var json = unsafe hanson()
  let result = unsafe withUnsafeMutablePointer(to: &json) { json -> (CInt, UnsafeMutablePointer<CChar>?, Int) in
    let result = unsafe json.begin() | fill(json)
    guard let end = unsafe json.end() else { return (result, nil, 0) }
    return unsafe (result, end.text, end.count)
  }
  defer { unsafe free(result.1) }
  try expect(unsafe result.0 == 0, "not all could be added")
  let isEqual = unsafe result.1.map { unsafe strcmp($0, expected.cString) == 0 } ?? false
  let actual = unsafe result.1.map { unsafe String(cString: $0) } ?? "nothing"
  try expect(unsafe isEqual && result.2 == expected.utf8CodeUnitCount, "it is \(actual)")
}

/// Checks the values of /etc/os-release in the guest; elsewhere only that there are some.
func systemRelease(_ context: TestContext) throws(TestEnd) {
  var info = unsafe quark_sysinfo()
  unsafe SystemInformation.readRelease(&info)
  defer { unsafe SystemInformation.free(&info) }
  try expect(unsafe info.os_name != nil, "the system has no name")
  guard Test.isInGuest else { return }
  let texts = unsafe [
    (info.os_name, "quark kernel testing"), (info.os_version, "1.23.4 iota"), (info.os_release_type, "testing"),
    (info.os_id, "quark"), (info.os_version_id, "1.23.4"), (info.os_version_codename, "iota"),
    (info.os_pretty_name, "Quark kernel testing initramfs"),
  ]
  for unsafe (text, expected) in unsafe texts {
    let isEqual = unsafe text.map { unsafe strcmp($0, expected) == 0 } ?? false
    try expect(isEqual, "\(expected) is \(unsafe text.map { unsafe String(cString: $0) } ?? "missing")")
  }
}
