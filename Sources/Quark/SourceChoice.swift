internal import CQuark
internal import QuarkLinux

/// Chooses the source that a queue reads.
enum SourceChoice {
  /// The recording that the attributes name, or the best of the backends they allow; if they are strict, the best that
  /// tells all they ask for.
  static func open(_ attributes: quark_queue_attr, _ settings: BackendSettings) throws(QuarkError) -> AnyRecordSource {
    if let path = unsafe attributes.replay {
      return AnyRecordSource(try ReplayBackend.open(unsafe String(cString: path)))
    }
    let flags = attributes.flags
    guard flags & QQ_EBPF != 0 else { return try openKprobe(attributes, settings) }
    let reason: QuarkError
    do throws(QuarkError) {
      let source = AnyRecordSource(try DescriptorLimit.raising { () throws(QuarkError) in try EBPFBackend(settings) })
      try Queue.refuseLess(source, attributes)
      return source
    } catch {
      reason = error
    }
    guard flags & QQ_KPROBE != 0 else { throw reason }
    do throws(QuarkError) {
      return try openKprobe(attributes, settings, fallbackReason: reason.message)
    } catch {
      throw error.after(ebpf: reason)
    }
  }

  private static func openKprobe(
    _ attributes: quark_queue_attr, _ settings: BackendSettings, fallbackReason: String = ""
  ) throws(QuarkError) -> AnyRecordSource {
    let backend = try DescriptorLimit.raising { () throws(QuarkError) in try KprobeBackend.open(settings) }
    let source = AnyRecordSource(backend, fallbackReason: fallbackReason)
    try Queue.refuseLess(source, attributes)
    return source
  }
}
