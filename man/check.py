#!/usr/bin/env python3
"""check.py MAN HEADER: compares the pages of section 3 in the folder MAN with the header that they describe.

Exactly one page must name each function of HEADER, with the prototype of the header; no page may name a function that
does not exist; a list of a structure's members must be complete; examples must compile; and a reference to a page of
ours must find it. Errors are printed one on each line, and then the exit status is 1.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../packaging"))
from header import Header, HeaderError  # noqa: E402

COMPILE = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused-variable",
           "-Wno-unused-but-set-variable", "-x", "c"]
# Declarations that examples need.
CONTEXT = """\
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static __attribute__((unused)) struct quark_queue queue;
static __attribute__((unused)) const struct quark_event *event;
static __attribute__((unused)) const struct quark_process *process;
static __attribute__((unused)) int done, other;
void serve(int descriptor);
"""

errors = []


def complain(place, words):
    errors.append(f"{place}: {words}")


def read_header(path):
    """As packaging/header.py has it, of both generations, with the functions that pages describe."""
    header, newer = (Header(path, [f"QUARK_API={api}"], COMPILE[0]) for api in (7, 9))
    for name, members in newer.structures.items():
        header.structures.setdefault(name, []).extend(members)
    header.functions |= newer.functions
    # Functions of a queue are inline where they hand the library what a program was compiled with.
    header.functions |= {name for name in header.inlines if name.startswith("quark_queue_")}
    for name, members in header.structures.items():
        # Those of a union that is a member are its own.
        header.structures[name] = [member for member in members if "." not in member]
    return header


class Page:
    def __init__(self, path):
        self.file = os.path.basename(path)
        self.name = self.file[:-2]
        self.section = self.file[-1]
        with open(path) as file:
            self.lines = file.read().splitlines()

    def part(self, title):
        """The lines of one .Sh."""
        lines, inside = [], False
        for line in self.lines:
            if line.startswith(".Sh "):
                inside = line[4:] == title
            elif inside:
                lines.append(line)
        return lines

    def names(self):
        return [re.sub(r" ,$", "", line[4:]) for line in self.part("NAME") if line.startswith(".Nm ")]

    def prototypes(self):
        """Name and declaration of each .Fn, with the .Ft before it."""
        type, found = "", []
        for line in self.part("SYNOPSIS"):
            if line.startswith(".Ft "):
                type = line[4:].strip('"')
            elif line.startswith(".Fn "):
                words = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', line[4:])]
                arguments = ", ".join(words[1:]) or "void"
                name = re.search(r"\w+", words[0])[0]
                found.append((name, f"{type} {words[0]}({arguments});", not type.startswith("typedef")))
        return found

    def references(self):
        for number, line in enumerate(self.lines, 1):
            for name, section in re.findall(r"\bXr (\S+) (\d)", line):
                yield number, name, section

    def members(self):
        """For each .Ss of a structure, the members of the list below it."""
        lists, structure = {}, None
        for line in self.lines:
            if re.match(r"\.S[hs] ", line):
                match = re.match(r"\.Ss struct (\w+)$", line)
                structure = match and match[1]
                if structure:
                    lists[structure] = []
            elif structure and re.match(r"\.It (Vt .*)?Va ", line):
                lists[structure] += re.findall(r"\w+", re.sub(r"^.*?\bVa ", "", line))
        return lists

    def examples(self):
        text = "\n".join(self.part("EXAMPLES"))
        for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.S | re.M):
            yield block.replace("\\e", "\\").replace("\\&", "")


def compile_error(code, header):
    """What the compiler says first, or None."""
    code = f'#include "{header.path}"\n{CONTEXT}{code}'
    result = subprocess.run(COMPILE + ["-"], input=code, capture_output=True, text=True)
    if result.returncode == 0:
        return None
    first = next((line for line in result.stderr.splitlines() if "error:" in line), result.stderr)
    return first.split("error: ")[-1]


def check_code(pieces, header):
    """Pieces are code, the page it is of, and what to say if it does not compile. All at once is quicker."""
    if compile_error("\n".join(code for code, _, _ in pieces), header) is None:
        return
    for code, place, words in pieces:
        error = compile_error(code, header)
        if error is not None:
            complain(place, f"{words}: {error}")


def check_names(pages, header):
    documented = {}
    known = header.functions | header.macros | header.variables
    for page in pages:
        names = page.names()
        if not names or names[0] != page.name:
            complain(page.file, "the first name is not that of the file")
        described = {name for name, _, _ in page.prototypes()}
        for name in names:
            if name in documented:
                complain(page.file, f"{name} is also in {documented[name]}")
            documented[name] = page.file
            if name not in known:
                complain(page.file, f"{name} is not in the header")
            elif name in header.functions and name not in described:
                complain(page.file, f"{name} is not in the synopsis")
        for name, _, is_function in page.prototypes():
            if is_function and name not in names:
                complain(page.file, f"{name} is in the synopsis, but no name of the page")
    for name in sorted(header.functions - set(documented)):
        complain(header.path, f"no page names {name}")
    return documented


def code_of(page, header):
    stem = re.sub(r"\W", "_", page.name)
    for name, declaration, is_function in page.prototypes():
        if name in header.functions or not is_function:
            yield declaration, page.file, f"the synopsis of {name} is not the header's"
    for number, example in enumerate(page.examples(), 1):
        yield f"void {stem}_example_{number}(void)\n{{\n{example}}}\n", page.file, f"example {number}"


def check_members(page, header):
    for structure, members in page.members().items():
        there = header.structures.get(structure)
        if there is None:
            complain(page.file, f"there is no struct {structure}")
            continue
        for name in [name for name in there if name not in members]:
            complain(page.file, f"{name} of struct {structure} is missing")
        for name in [name for name in members if name not in there]:
            complain(page.file, f"struct {structure} has no {name}")


def check_references(pages, documented):
    ours = {(page.name, page.section) for page in pages} | {(name, "3") for name in documented}
    ours.add(("krun.sh", "1"))
    for page in pages:
        for number, name, section in page.references():
            if re.match(r"quark|kmatrix|krun|hanson|raw_event", name) and (name, section) not in ours:
                complain(f"{page.file}:{number}", f"there is no {name}({section})")


def main():
    try:
        folder, header = sys.argv[1], read_header(sys.argv[2])
    except HeaderError as error:
        sys.exit(f"check.py: {error}")
    pages = [Page(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if re.search(r"\.[1-9]$", name)]
    functions = [page for page in pages if page.section == "3"]
    if not header.functions or not functions:
        sys.exit("check.py: there is nothing to check")
    documented = check_names(functions, header)
    check_code([piece for page in functions for piece in code_of(page, header)], header)
    for page in functions:
        check_members(page, header)
    check_references(pages, documented)
    for line in errors:
        print(line, file=sys.stderr)
    sys.exit(1 if errors else 0)


main()
