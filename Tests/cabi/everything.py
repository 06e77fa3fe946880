#!/usr/bin/env python3
"""Checks that everything.c uses everything that quark.h declares.

everything.py COMPILER HEADER OBJECT OUTPUT [DEFINITION...]: functions and variables that the header declares against the names that the
compiled program needs from elsewhere, and fields against the lines "offset STRUCT.FIELD N" that it printed. Says what
is missing on either side, and exits with 1 if anything is.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging"))
from header import Header  # noqa: E402


def difference(words, declared, used):
    for name in sorted(declared - used):
        print(f"{words} {name} is in the header and not in the program")
    for name in sorted(used - declared):
        print(f"{words} {name} is in the program and not in the header")
    print(f"# {words}s: {len(declared)}")
    return declared != used


def main(compiler, header_file, object_file, output, *definitions):
    header = Header(header_file, definitions, compiler)
    names = header.functions | header.variables
    members = {f"{structure}.{name}" for structure, fields in header.structures.items() for name in fields}
    symbols = subprocess.run(["nm", "-u", object_file], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    # Names of libc and of the compiler are left out.
    ours = {name for name in symbols if name in names}
    with open(output) as lines:
        shown = {line.split()[1] for line in lines if line.startswith("offset ")}
    if not names or not members:
        sys.exit("the header declares nothing")
    # Not with `or`: both are said.
    return max(difference("name", names, ours), difference("field", members, shown))


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit("usage: everything.py COMPILER HEADER OBJECT OUTPUT [DEFINITION...]")
    sys.exit(main(*sys.argv[1:]))
