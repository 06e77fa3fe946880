#!/usr/bin/env python3
"""relink.py PROGRAM OBJECT OUT: links a program of .build-embedded again, like the package manager, with OBJECT in
place of the object of the same name. Run from the top of the tree, after the program was built."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

program, replacement, out = sys.argv[1:]
build = pathlib.Path(".build-embedded")
# The commands of the last build are a YAML file whose lists are JSON.
text = (build / "release.yaml").read_text()
command = re.search(rf'^  "C\.{re.escape(program)}-[^"]*\.exe":\n(?:    .*\n)*?    args: (\[.*\])$', text, re.M)
if not command:
    sys.exit(f"relink.py: {build}/release.yaml does not say how {program} is linked")
arguments = json.loads(command[1])
arguments[arguments.index("-o") + 1] = out
(place,) = [index for index, word in enumerate(arguments) if word.startswith("@")]
objects = pathlib.Path(arguments[place][1:]).read_text().splitlines()
name = pathlib.Path(replacement).name
others = [line for line in objects if pathlib.Path(line.strip("'\"")).name != name]
if len(others) != len(objects) - 1:
    sys.exit(f"relink.py: {program} is not linked of one {name}")
with tempfile.NamedTemporaryFile("w") as listing:
    listing.write("\n".join(others + [replacement]) + "\n")
    listing.flush()
    arguments[place] = f"@{listing.name}"
    sys.exit(subprocess.run(arguments).returncode)
