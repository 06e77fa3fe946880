#!/usr/bin/env python3
"""numbers.py COMPILER HEADER NUMBERS [DEFINITION...]: checks that the numbers of the header are those of the reference.

NUMBERS has a name and its number on each line, in hexadecimal or decimal, as other programs use them. Each must be in
the header with this number. With NAME NUMBER !DEFINITION, where DEFINITION is such as QUARK_API=9, it must not be there
if the definition is given. Other names of the same kinds in the header must be outside of the range in which the
reference adds new numbers. Prints what is wrong, and exits with 1 if anything is.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging"))
from header import Header  # noqa: E402

# Of each kind of name: the least number of ours that cannot meet one of the reference, now or later.
ROOMS = [("QQ_", 1 << 24), ("QUARK_EV_", 1 << 32), ("QUARK_RF_", 1 << 32), ("RAW_F_", 0), ("RAW_EXEC_F_", 0),
         ("RAW_", 64)]
# These have no number of their own: the numbers of which they are made are checked.
COMPOSED = {"QQ_ALL_BACKENDS", "RAW_NUM_TYPES"}


def names(compiler, header, definitions):
    """Of macros and of the constants of enumerations that are of one of these kinds."""
    there = Header(header, definitions, compiler)
    return sorted(name for name in there.macros | set(there.constants) if room(name) is not None)


def room(name):
    return next((least for prefix, least in ROOMS if name.startswith(prefix)), None)


def values(compiler, header, definitions, wanted):
    lines = [f'#include "{header}"', "int main(void) {"]
    lines += [f'printf("{name} %llu\\n", (unsigned long long)({name}));' for name in wanted]
    program = "\n".join([*lines, "return 0; }"])
    flags = ["-D_GNU_SOURCE", *("-D" + name for name in definitions)]
    return run(compiler, flags, program)


def run(compiler, flags, program):
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/numbers"
        subprocess.run([compiler, *flags, "-w", "-x", "c", "-o", path, "-"], input=program, text=True, check=True)
        output = subprocess.run([path], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: int(number) for name, number in (line.split() for line in output.splitlines())}


def main(compiler, header, table, definitions):
    there = names(compiler, header, definitions)
    numbers = values(compiler, header, definitions, there)
    wrong = []
    known = set()
    with open(table) as lines:
        for line in (line.split("#")[0].split() for line in lines):
            if not line:
                continue
            name, number, without = line[0], int(line[1], 0), line[2:3]
            known.add(name)
            if without and without[0][1:] in definitions:
                if name in numbers:
                    wrong.append(f"{name} is there")
            elif numbers.get(name) != number:
                wrong.append(f"{name} is {numbers.get(name)}, and elsewhere {number}")
    for name in there:
        if name not in known and name not in COMPOSED and numbers[name] < room(name):
            wrong.append(f"{name} is {numbers[name]}: that room is the reference's")
    for words in wrong:
        print(words)
    print(f"# {len(known)} numbers known elsewhere, {len(set(there) - known)} of ours")
    return bool(wrong) or not known


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: numbers.py COMPILER HEADER NUMBERS [DEFINITION...]")
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
