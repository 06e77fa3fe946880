internal import CQuark
internal import QuarkLinux

/// Chooses the source that a queue reads.
enum SourceChoice {
  /// Opens the recording that the attributes name, or the best of the allowed backends.
  static func open(_ attributes: quark_queue_attr, _ settings: BackendSettings) throws(QuarkError) -> AnyRecordSource {
    if let path = unsafe attributes.replay {
      return AnyRecordSource(try ReplayBackend.open(unsafe String(cString: path)))
    }
    let flags = attributes.flags
    guard flags & QQ_EBPF != 0 else { return AnyRecordSource(try openKprobe(settings)) }
    let reason: QuarkError
    do throws(QuarkError) {
      return AnyRecordSource(try DescriptorLimit.raising { () throws(QuarkError) in try EBPFBackend(settings) })
    } catch {
      reason = error
    }
    guard flags & QQ_KPROBE != 0 else { throw reason }
    do throws(QuarkError) {
      return AnyRecordSource(try openKprobe(settings), fallbackReason: reason.message)
    } catch {
      throw error.after(ebpf: reason)
    }
  }

  private static func openKprobe(_ settings: BackendSettings) throws(QuarkError) -> KprobeBackend {
    try DescriptorLimit.raising { () throws(QuarkError) in try KprobeBackend.open(settings) }
  }
}
