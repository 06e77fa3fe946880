#!/usr/bin/env python3
"""Checks that everything.c uses everything that quark.h declares.

everything.py CLANG HEADER OBJECT OUTPUT [DEFINITION...]: compares the functions and variables that the header declares
with the undefined names of the compiled program, and its fields with the lines "offset STRUCT.FIELD N" that the program
printed. Prints what is missing on either side, and exits with 1 if anything is.
"""
import json
import subprocess
import sys


def declarations(clang, header, definitions):
    """The header's own declarations, out of the syntax tree, which names a file only when it changes."""
    text = subprocess.run(
        [clang, "-D_GNU_SOURCE", *("-D" + name for name in definitions), "-x", "c", "-fsyntax-only", "-Xclang", "-ast-dump=json", header],
        check=True, stdout=subprocess.PIPE).stdout
    file = None
    for node in json.loads(text)["inner"]:
        location = node.get("loc", {})
        location = location.get("expansionLoc", location)
        file = location.get("file", file)
        if file == header:
            yield node


def fields(record):
    """Of a structure; those of an unnamed union in it count as its own, those of a named one as UNION.FIELD."""
    last = None
    for node in record.get("inner", []):
        if node["kind"] == "RecordDecl" and "name" not in node:
            last = node
        elif node["kind"] == "FieldDecl" and "name" in node:
            yield node["name"]
            if last is not None and "unnamed" in node["type"]["qualType"]:
                for name in fields(last):
                    yield node["name"] + "." + name
            last = None
        elif node["kind"] == "IndirectFieldDecl":
            yield node["name"]


def difference(words, declared, used):
    for name in sorted(declared - used):
        print(f"{words} {name} is in the header and not in the program")
    for name in sorted(used - declared):
        print(f"{words} {name} is in the program and not in the header")
    print(f"# {words}s: {len(declared)}")
    return declared != used


def main(clang, header, object_file, output, *definitions):
    names, members = set(), set()
    for node in declarations(clang, header, definitions):
        if node["kind"] in ("FunctionDecl", "VarDecl") and node.get("storageClass") != "static":
            names.add(node["name"])
        if node["kind"] == "RecordDecl" and node.get("completeDefinition"):
            members.update(f"{node['name']}.{name}" for name in fields(node))
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
        sys.exit("usage: everything.py CLANG HEADER OBJECT OUTPUT [DEFINITION...]")
    sys.exit(main(*sys.argv[1:]))
