#!/usr/bin/env python3
"""convert.py RECORDING...: converts recordings from version 1 of quark-recording(5) to version 2, in place.

Records with a task are the same in both versions, and marks without counts of families are valid in both. Other records
would need a conversion, but no recording here has any."""

import pathlib
import struct
import sys

VERSION_OFFSET, HEADER_SIZE_OFFSET, RECORD_SIZE_OFFSET, TYPE_OFFSET, RECORD = 12, 14, 18, 12, 2
SAME = {1: "fork", 2: "exec", 3: "exit", 5: "comm", 6: "exec connector"}

for name in map(pathlib.Path, sys.argv[1:]):
    content = bytearray(name.read_bytes())
    (version, offset) = struct.unpack_from("=HH", content, VERSION_OFFSET)
    if not content.startswith(b"QUARKREC") or version != 1:
        sys.exit(f"convert.py: {name} is no recording of version 1")
    while offset + 8 <= len(content):
        kind, size = struct.unpack_from("=II", content, offset)
        if kind == RECORD and struct.unpack_from("=H", content, offset + 8 + TYPE_OFFSET)[0] not in SAME:
            sys.exit(f"convert.py: {name}: the record at {offset} is another one now")
        offset += 8 + (size + 7) // 8 * 8
    struct.pack_into("=H", content, VERSION_OFFSET, 2)
    struct.pack_into("=H", content, RECORD_SIZE_OFFSET, 32)
    name.write_bytes(content)
