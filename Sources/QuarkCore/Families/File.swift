internal import CQuark

/// What is done to files. Nothing tells of it yet, but clients may join what they make themselves.
enum FileFamily {
  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {
    if !isMinimal { matrix.set(RAW_FILE, RAW_FILE, .file) }
  }

  /// Writes to a file that the event created or wrote to, up to its removal; only the parent's own operation counts.
  @unsafe static func joins(_ parent: UnsafePointer<quark_file>?, _ child: UnsafePointer<quark_file>?) -> Bool {
    guard let parent = unsafe parent, let child = unsafe child else { return false }
    guard unsafe parent.pointee.inode == child.pointee.inode else { return false }
    let (first, next) = unsafe (CInt(bitPattern: parent.pointee.op_mask), CInt(bitPattern: child.pointee.op_mask))
    if first & (QUARK_FILE_OP_REMOVE | QUARK_FILE_OP_MOVE) != 0 { return false }
    return first & (QUARK_FILE_OP_CREATE | QUARK_FILE_OP_MODIFY) != 0
      && next & (QUARK_FILE_OP_MODIFY | QUARK_FILE_OP_REMOVE) != 0
  }
}
