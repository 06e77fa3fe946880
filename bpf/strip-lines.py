#!/usr/bin/env python3
"""strip-lines.py OBJECT: removes the line table from a BPF object's .BTF.ext (Documentation/bpf/btf.rst).

The table is a third of the object, and every tool contains the object. The table only adds source lines to the
verifier's log; the log has the verifier's errors without it. The default of OBJCOPY in the environment is llvm-objcopy.
"""

import os
import struct
import subprocess
import sys
import tempfile

HEADER = struct.Struct("<HBBIIIII")


def without_lines(section):
    """The section with an empty line table. What stands behind it moves to its place."""
    magic, version, flags, size, function_at, function_size, line_at, line_size = HEADER.unpack_from(section)
    if magic != 0xEB9F or version != 1:
        sys.exit("strip-lines.py: this is no .BTF.ext of version 1")
    header = bytearray(section[:size])
    struct.pack_into("<II", header, 16, line_at, 0)
    if size >= 32:
        relocations_at, = struct.unpack_from("<I", header, 24)
        if relocations_at > line_at:
            struct.pack_into("<I", header, 24, relocations_at - line_size)
    start = size + line_at
    return bytes(header) + section[size:start] + section[start + line_size:]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: strip-lines.py OBJECT")
    objcopy = os.environ.get("OBJCOPY", "llvm-objcopy")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ext")
        subprocess.run([objcopy, f"--dump-section=.BTF.ext={path}", sys.argv[1]], check=True)
        with open(path, "rb") as file:
            section = file.read()
        with open(path, "wb") as file:
            file.write(without_lines(section))
        subprocess.run([objcopy, f"--update-section=.BTF.ext={path}", sys.argv[1]], check=True)


main()
