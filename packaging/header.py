#!/usr/bin/env python3
"""What a C header declares: the one reader of quark.h, for all that is made of it and held to it.

header.py names HEADER: the names of all functions and variables that it declares for others to link with, sorted, a
line each. They are what the libraries define, and all they define.
header.py members HEADER STRUCTURE: the members of a structure, in their order, a line each.

Not what other headers declare that it includes. Environment: CC (cc).
"""
import os
import re
import subprocess
import sys

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)+\'|\w+|[^\w\s]')
CLOSING = {"(": ")", "[": "]", "{": "}"}
# They and the parentheses behind them say nothing of names.
SILENT = {"__attribute__", "__asm__", "_Static_assert"}


class HeaderError(Exception):
    pass


class Header:
    """`definitions` are of the preprocessor, NAME or NAME=VALUE.

    functions, variables: names for others to link with
    inlines: static functions
    macros: names
    structures: of each name the members, in order; those of an unnamed union are the structure's own, those of a union
        that is a member are named UNION.MEMBER, too
    constants: of enumerations
    """

    def __init__(self, path, definitions=(), compiler=None):
        self.path = path
        self.functions, self.variables, self.inlines, self.macros = set(), set(), set(), set()
        self.structures, self.constants = {}, []
        compiler = compiler or os.environ.get("CC", "cc")
        command = [*compiler.split(), "-E", "-dD", "-D_GNU_SOURCE", *("-D" + name for name in definitions), "-x", "c", path]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            raise HeaderError(f"{path} cannot be read")
        items = self._tree(iter(TOKEN.findall(self._own(result.stdout))), None)
        if self._declarations(items):
            raise HeaderError(f"{path} ends within a declaration")

    def _own(self, text):
        """The header's own lines: a marker says from where those that follow are."""
        lines, is_own = [], False
        for line in text.splitlines():
            marker = re.match(r'# \d+ "(.*)"[ \d]*$', line)
            if marker:
                is_own = marker[1] == self.path
            elif is_own and line.startswith("#"):
                self._directive(line)
            elif is_own:
                lines.append(line)
        return "\n".join(lines)

    def _directive(self, line):
        name = re.match(r"#(define|undef)\s+(\w+)", line)
        if name and name[1] == "define":
            self.macros.add(name[2])
        elif name:
            self.macros.discard(name[2])

    def _tree(self, tokens, closing):
        """Words, and for parentheses and the like lists that begin with the opening one."""
        items = []
        for token in tokens:
            if token == closing:
                return items
            if token not in CLOSING:
                items.append(token)
                continue
            group = [token, *self._tree(tokens, CLOSING[token])]
            if items and isinstance(items[-1], str) and items[-1] in SILENT:
                items.pop()
            else:
                items.append(group)
        if closing is not None:
            raise HeaderError(f"{self.path} ends within a declaration")
        return items

    def _declarations(self, items):
        """What is left behind the last one."""
        pending = []
        for item in items:
            if item == ";":
                self._declaration(pending)
                pending = []
            elif is_group(item, "{") and pending and is_group(pending[-1], "("):
                self._declaration(pending)
                pending = []
            else:
                pending.append(item)
        return pending

    def _declaration(self, items):
        items, _ = self._without_types(items)
        if "typedef" in items:
            return
        call = next((index for index, item in enumerate(items) if is_group(item, "(")), None)
        if call is not None:
            name, is_function = declared(items, call)
            if is_function:
                (self.inlines if "static" in items else self.functions).add(name)
            elif "static" not in items:
                self.variables.add(name)
        elif "extern" in items:
            self.variables.update(part_name(part) for part in split(items))

    def _without_types(self, items):
        """Takes note of the types that are declared within. The rest, and the members of the last one that is unnamed."""
        rest, unnamed, index = [], None, 0
        while index < len(items):
            word = items[index]
            index += 1
            rest.append(word)
            if word not in ("struct", "union", "enum"):
                continue
            name = None
            if index < len(items) and isinstance(items[index], str) and items[index] != ";":
                name = items[index]
                index += 1
            if index < len(items) and is_group(items[index], "{"):
                body = items[index][1:]
                index += 1
                if word == "enum":
                    self.constants += [part[0] for part in split(body) if part]
                    continue
                members = self._members(body)
                if name:
                    self.structures[name] = members
                else:
                    unnamed = members
        return rest, unnamed

    def _members(self, body):
        members, pending = [], []
        for item in body:
            if item != ";":
                pending.append(item)
                continue
            rest, unnamed = self._without_types(pending)
            pending = []
            if unnamed is not None and rest[-1] in ("struct", "union"):
                members += unnamed
                continue
            names = [part_name(part) for part in split(rest)]
            members += names
            if unnamed is not None:
                members += [f"{name}.{member}" for name in names for member in unnamed]
        return members


def is_group(item, opening):
    return isinstance(item, list) and item[0] == opening


def split(items):
    """At the commas."""
    parts = [[]]
    for item in items:
        if item == ",":
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


def declared(items, call):
    """What a declaration with parentheses names, and whether that is a function: `items[call]` are the first ones."""
    group = items[call]
    if len(group) > 1 and group[1] == "*":
        # Something behind a pointer: int (*variable)(void), int (*function(int))(void).
        inner = next(index for index, item in enumerate(group[1:], 1) if isinstance(item, str) and re.match(r"\w", item))
        return group[inner], any(is_group(item, "(") for item in group[inner + 1:])
    return items[call - 1], True


def part_name(items):
    """Of a variable or a member, which may be an array, of some bits, or a pointer to a function."""
    for item in items:
        if is_group(item, "("):
            return next(word for word in item[1:] if isinstance(word, str) and re.match(r"\w", word))
    name = None
    for item in items:
        if is_group(item, "[") or item in (":", "="):
            break
        name = item
    return name


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "names":
        header = Header(sys.argv[2])
        lines = sorted(header.functions | header.variables)
    elif len(sys.argv) == 4 and sys.argv[1] == "members":
        lines = Header(sys.argv[2]).structures.get(sys.argv[3], [])
    else:
        sys.exit("usage: header.py names HEADER\n       header.py members HEADER STRUCTURE")
    if not lines:
        raise HeaderError(f"{sys.argv[2]} declares nothing" + " so named" * (len(sys.argv) - 3))
    print("\n".join(lines))


if __name__ == "__main__":
    try:
        main()
    except HeaderError as error:
        sys.exit(f"header.py: {error}")
