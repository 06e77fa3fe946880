import CLinux
import CQuark
import Quark
import QuarkCore

@c @implementation
public func quark_queue_set_agg_matrix(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ parent: CInt, _ child: CInt, _ fn: quark_can_aggregate_fn!
) -> CInt {
  let types = 0..<CInt(RAW_NUM_TYPES.rawValue)
  guard let driver = unsafe driver(of: queue), types.contains(parent), types.contains(child) else {
    return fail(EINVAL)
  }
  unsafe driver.pointee.setAggregation(raw_types(UInt32(parent)), raw_types(UInt32(child)), fn, client: queue)
  return 0
}

@c @implementation
public func quark_can_aggregate_single(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ parent: UnsafeMutablePointer<raw_event>!,
  _ child: UnsafeMutablePointer<raw_event>!
) -> CInt { unsafe AggregationRule.single.allows(parent, child) ? 1 : 0 }

@c @implementation
public func quark_can_aggregate_mult(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ parent: UnsafeMutablePointer<raw_event>!,
  _ child: UnsafeMutablePointer<raw_event>!
) -> CInt { unsafe AggregationRule.multiple.allows(parent, child) ? 1 : 0 }

@c @implementation
public func quark_can_aggregate_fork_exec(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ parent: UnsafeMutablePointer<raw_event>!,
  _ child: UnsafeMutablePointer<raw_event>!
) -> CInt { unsafe AggregationRule.forkExec.allows(parent, child) ? 1 : 0 }

@c @implementation
public func quark_can_aggregate_file(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ parent: UnsafeMutablePointer<raw_event>!,
  _ child: UnsafeMutablePointer<raw_event>!
) -> CInt { unsafe AggregationRule.file.allows(parent, child) ? 1 : 0 }

@c @implementation
public func quark_can_aggregate_tty(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ parent: UnsafeMutablePointer<raw_event>!,
  _ child: UnsafeMutablePointer<raw_event>!
) -> CInt { unsafe AggregationRule.tty.allows(parent, child) ? 1 : 0 }
