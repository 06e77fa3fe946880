#!/usr/bin/env python3
"""seeds.py FOLDER RECORDING...: writes each record of the recordings (recording.h) to a file of FOLDER, as seeds of
the record fuzzer."""
import pathlib
import struct
import sys

HEADER_SIZE_OFFSET, RECORD = 14, 2

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name in map(pathlib.Path, sys.argv[2:]):
    content = name.read_bytes()
    (offset,) = struct.unpack_from("=H", content, HEADER_SIZE_OFFSET)
    while offset + 8 <= len(content):
        kind, size = struct.unpack_from("=II", content, offset)
        if kind == RECORD:
            (folder / f"{name.stem}.{offset}").write_bytes(content[offset + 8 : offset + 8 + size])
        offset += 8 + (size + 7) // 8 * 8
