import CQuark
import QuarkCore

/// The steps in 32 rings whose clocks differ: each ring has its own order.
@safe struct SkewedSources: RecordSources, ~Copyable {
  private let steps: UnsafeMutablePointer<Step>
  private let count: Int
  private let strings: Strings
  private let heads: UnsafeMutablePointer<Int>

  var sourceCount: Int { 32 }

  init(steps: UnsafeMutablePointer<Step>, count: Int, strings: Strings) {
    unsafe self.steps = unsafe steps
    self.count = count
    self.strings = strings
    unsafe heads = .allocate(capacity: 32)
    for source in 0..<32 { unsafe (heads + source).initialize(to: source) }
  }

  deinit { unsafe heads.deallocate() }

  func headTimeNS(of source: Int) -> UInt64? {
    let head = unsafe heads[source]
    return unsafe head < count ? steps[head].timeNS + UInt64(source) * 1000 : nil
  }

  func takeHead(of source: Int, into pipeline: inout EventPipeline) {
    var step = unsafe steps[heads[source]]
    unsafe heads[source] += 32
    step.timeNS += UInt64(source) * 1000
    strings.add(step, hasStrings: true, to: &pipeline)
  }
}
