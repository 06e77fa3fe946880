internal import CQuark

extension KprobeProbes {
  var means: SourceMeans {
    var means = SourceMeans()
    for probe in Probe.allCases where probe.askedType == nil || asked.contains(probe) {
      var failed = ""
      for failure in failures where failure.probe == probe {
        failed += (failed.isEmpty ? "" : "\n") + "not \(failure.what): \(failure.reason)"
      }
      means.add(probe.type, probe.label, has(probe) ? description(of: probe) : "", failure: failed)
    }
    for (probe, place, type, field) in Self.optional where unsafe layouts[probe].pointee[place] == nil {
      means.add(lackOf: field, type, "where this kernel has it is not known")
    }
    return means
  }

  /// What not all kernels' offsets lead to.
  private static var optional: [(Probe, SampleField, raw_types, StaticString)] {
    [
      (.fork, .cgroup, RAW_WAKE_UP_NEW_TASK, "cgroup"), (.exec, .file, RAW_EXEC, "exe"),
      (.exec, .argumentBounds, RAW_EXEC, "cmdline"), (.exec, .calledName, RAW_EXEC, "script"),
    ]
  }
}

extension Probe {
  /// What its records become.
  var type: raw_types {
    switch self {
    case .fork: RAW_WAKE_UP_NEW_TASK
    case .exec: RAW_EXEC
    case .exit: RAW_EXIT_THREAD
    case .name: RAW_COMM
    case .module: RAW_MODULE_LOAD
    case .ptraceAttach, .ptraceTraceme, .ptraceRequest: RAW_PTRACE
    }
  }
}
