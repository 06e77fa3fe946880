#!/usr/bin/env python3
"""fields.py COMPILER HEADER FOLDER: does quark_queue_get_capabilities(3) list what events have?

Each member of the structures below must be a field of cquark_fields.h, beside HEADER, and each field a member of one;
FOLDER has the headers of CWire. Says what is wrong, and exits with 1 if anything is.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging"))
from header import Header  # noqa: E402

PROGRAM = """#include <stdio.h>
#include "cquark_fields.h"
int main(void)
{
	const struct cquark_field *field;
	for (u32 index = 0; (field = cquark_field(index)) != NULL; index++)
		printf("%u %s\\n", cquark_type(field->type)->family, field->name);
	return 0;
}
"""
# By family, as enum quark_family has them: the structure, and the members that are no fields.
STRUCTURES = {
    # The library's own; what every event has, and rules make; lengths of others.
    0: ("quark_process", {"gc_next", "gc_previous", "gc_time", "pid", "flags", "poison_tag", "cmdline_len", "env_len",
                          "cmdline_orig_len", "env_orig_len"}),
    4: ("quark_ptrace", set()),
    5: ("quark_module_load", set()),
    6: ("quark_shm", set()),
    # The chain of the writes, and the length of each.
    7: ("quark_tty", {"next", "total_len", "data_len"}),
}
# Fields that are no members.
OTHERS = {"threads", "id_change SETSID", "id_change SETUID", "id_change SETGID", "tty_flags"}


def fields(compiler, folders):
    """Of each family, by its number."""
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/fields"
        subprocess.run([compiler, "-D_GNU_SOURCE", *("-I" + name for name in folders), "-x", "c", "-o", path, "-"],
                       input=PROGRAM, text=True, check=True)
        lines = subprocess.run([path], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    found = {}
    for family, name in (line.split(" ", 1) for line in lines):
        found.setdefault(int(family), set()).add(name)
    return found


def main(compiler, path, folder):
    structures = Header(path, compiler=compiler).structures
    listed = fields(compiler, [os.path.dirname(path), folder])
    wrong = [f"family {family} is not looked at" for family in listed.keys() - STRUCTURES.keys()]
    for family, (structure, without) in STRUCTURES.items():
        members, names = set(structures[structure]), listed.get(family, set()) - OTHERS
        wrong += [f"{structure}.{name} is no field" for name in sorted(members - without - names)]
        wrong += [f"{name} is no member of {structure}" for name in sorted((names | without) - members)]
    for words in wrong:
        print(words)
    print(f"# {sum(map(len, listed.values()))} fields")
    return bool(wrong)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: fields.py COMPILER HEADER FOLDER")
    sys.exit(main(*sys.argv[1:]))
