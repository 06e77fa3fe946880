internal import CLinux
public import CQuark

/// What is known of a process. ``ProcessView`` is valid only inside a closure; ``ProcessEntry`` is a copy that can be
/// kept. What is not known is nil, 0 or empty, as each member says.
///
/// Text is decoded as UTF-8, and invalid bytes are replaced. A path may have any bytes: ``withBytes(of:_:)`` has them
/// all.
public protocol ProcessProtocol: ~Escapable {
  /// The process as a C structure, valid as long as this value.
  @unsafe var storage: UnsafePointer<quark_process> { get }
}

extension ProcessProtocol where Self: ~Escapable {
  /// The id of its thread group, in the initial PID namespace.
  @inlinable public var pid: UInt32 { unsafe storage.pointee.pid }

  /// The tag that a rule gave to it, or to its parent before the fork; 0 if it has none.
  @inlinable public var poisonTag: UInt64 { unsafe storage.pointee.poison_tag }

  /// Whether the kernel described the process itself, and not only what it did: then its parent, credentials and
  /// similar data are known.
  @inlinable public var hasDetails: Bool { hasFlag(QUARK_F_PROC) }

  /// Nil if not known.
  @inlinable public var parentPID: UInt32? { detail(unsafe storage.pointee.proc_ppid) }
  /// Nil if not known.
  @inlinable public var processGroup: UInt32? { detail(unsafe storage.pointee.proc_pgid) }
  /// Nil if not known.
  @inlinable public var session: UInt32? { detail(unsafe storage.pointee.proc_sid) }
  /// Nanoseconds since the epoch. Nil if not known.
  @inlinable public var startTimeNS: UInt64? { detail(unsafe storage.pointee.proc_time_boot) }

  /// The name of the process, that of its first thread, 15 bytes at most; "" if not known.
  public var command: String {
    unsafe withUnsafeBytes(of: storage.pointee.comm) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The path of its executable. Nil if not known.
  public var executable: String? { unsafe text(storage.pointee.exe) }
  /// The path of the script that its executable runs, as given to execve(2). Nil if it is not a script, or not known.
  public var script: String? { unsafe text(storage.pointee.script) }
  /// Nil if not known.
  public var workingDirectory: String? { unsafe text(storage.pointee.cwd) }
  /// The path of its control group. Nil if not known.
  public var controlGroup: String? { unsafe text(storage.pointee.cgroup) }
  /// Empty if not known, or if there are none.
  public var arguments: [String] { unsafe texts(storage.pointee.cmdline, storage.pointee.cmdline_len) }
  /// Each is `NAME=value`. Empty if not known, or if there are none.
  public var environment: [String] { unsafe texts(storage.pointee.env, storage.pointee.env_len) }

  /// True if the arguments were cut.
  @inlinable public var areArgumentsCut: Bool {
    unsafe storage.pointee.cmdline_orig_len > storage.pointee.cmdline_len
  }
  /// True if the environment was cut.
  @inlinable public var isEnvironmentCut: Bool { unsafe storage.pointee.env_orig_len > storage.pointee.env_len }
  /// True if the arguments were read later than the event, and may have changed in between.
  @inlinable public var areArgumentsLate: Bool { hasFlag(QUARK_F_LATE_CMDLINE) }
  /// True if the working directory was read later than the event, and may have changed in between.
  @inlinable public var isWorkingDirectoryLate: Bool { hasFlag(QUARK_F_LATE_CWD) }

  /// An id that no other process of this machine has, even one with the same pid: base64. Nil if not known.
  public var entityID: String? {
    guard hasDetails else { return nil }
    return unsafe withUnsafeBytes(of: storage.pointee.proc_entity_id) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Nil if not known.
  public var credentials: Credentials? {
    guard hasDetails else { return nil }
    return unsafe Credentials(
      user: storage.pointee.proc_uid, effectiveUser: storage.pointee.proc_euid, savedUser: storage.pointee.proc_suid,
      group: storage.pointee.proc_gid, effectiveGroup: storage.pointee.proc_egid,
      savedGroup: storage.pointee.proc_sgid)
  }

  /// Nil if not known.
  public var capabilities: Capabilities? {
    guard hasDetails else { return nil }
    return unsafe Capabilities(
      inheritable: storage.pointee.proc_cap_inheritable, permitted: storage.pointee.proc_cap_permitted,
      effective: storage.pointee.proc_cap_effective, bounding: storage.pointee.proc_cap_bset,
      ambient: storage.pointee.proc_cap_ambient)
  }

  /// Nil if not known.
  public var namespaces: Namespaces? {
    guard hasDetails else { return nil }
    return unsafe Namespaces(
      uts: storage.pointee.proc_uts_inonum, ipc: storage.pointee.proc_ipc_inonum,
      mount: storage.pointee.proc_mnt_inonum, network: storage.pointee.proc_net_inonum)
  }

  /// Nil if it has none, or if not known.
  public var terminal: Terminal? {
    let (major, minor) = unsafe (storage.pointee.proc_tty_major, storage.pointee.proc_tty_minor)
    return hasDetails && (major, minor) != (0, 0) ? Terminal(major: major, minor: minor) : nil
  }

  /// The process with which its session began. Nil if not known, or without ``Queue/Attributes/findsEntryLeaders``.
  public var entryLeader: EntryLeader? {
    guard hasDetails, unsafe storage.pointee.proc_entry_leader != 0 else { return nil }
    return unsafe EntryLeader(
      pid: storage.pointee.proc_entry_leader,
      kind: EntryLeader.Kind(rawValue: storage.pointee.proc_entry_leader_type) ?? .unknown)
  }

  /// How it ended. Nil if it has not ended.
  public var exit: Exit? {
    guard hasFlag(QUARK_F_EXIT) else { return nil }
    return unsafe Exit(
      code: storage.pointee.exit_code, signal: storage.pointee.exit_signal, timeNS: storage.pointee.exit_time_event)
  }

  /// Lends the bytes of a text, as the kernel has them: a single string without its NUL, several strings with a NUL
  /// after each. Nil if it is not known.
  public func withBytes<Result, Failure: Error>(
    of text: ProcessText, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    switch text {
    case .arguments: try unsafe lend(storage.pointee.cmdline, storage.pointee.cmdline_len, body)
    case .environment: try unsafe lend(storage.pointee.env, storage.pointee.env_len, body)
    case .executable: try unsafe lend(storage.pointee.exe, nil, body)
    case .script: try unsafe lend(storage.pointee.script, nil, body)
    case .workingDirectory: try unsafe lend(storage.pointee.cwd, nil, body)
    case .controlGroup: try unsafe lend(storage.pointee.cgroup, nil, body)
    }
  }

  // MARK: -

  @inlinable func hasFlag(_ flag: CInt) -> Bool { unsafe storage.pointee.flags & UInt64(flag) != 0 }

  @inlinable func detail<Number>(_ number: Number) -> Number? { hasDetails ? number : nil }

  private func text(_ string: UnsafePointer<CChar>?) -> String? { unsafe string.map { unsafe String(cString: $0) } }

  private func texts(_ strings: UnsafePointer<CChar>?, _ count: Int) -> [String] {
    var texts: [String] = []
    _ = unsafe lend(strings, count) { bytes in
      var start = 0
      for index in bytes.indices where bytes[index] == 0 {
        let text = bytes.extracting(start..<index)
        unsafe texts.append(text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
        start = index + 1
      }
    }
    return texts
  }

  private func lend<Result, Failure: Error>(
    _ bytes: UnsafePointer<CChar>?, _ length: Int?, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let bytes = unsafe bytes else { return nil }
    let count = unsafe length ?? strlen(bytes)
    // Safe: the storage has this many bytes as long as this value lives, which is longer than the call.
    return try body(
      unsafe Span(_unsafeStart: UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: count))
  }
}

/// A text of a process.
public enum ProcessText: Sendable {
  /// Several strings: ``ProcessProtocol/arguments``.
  case arguments
  /// Several strings: ``ProcessProtocol/environment``.
  case environment
  /// A path: ``ProcessProtocol/executable``.
  case executable
  /// A path: ``ProcessProtocol/script``.
  case script
  /// A path: ``ProcessProtocol/workingDirectory``.
  case workingDirectory
  /// A path: ``ProcessProtocol/controlGroup``.
  case controlGroup
}
