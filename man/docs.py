#!/usr/bin/env python3
"""docs.py MAN OUT: writes the pages of the folder MAN as HTML to the folder OUT, with an index.

A reference leads to the page with this name, also if it is a second name; references to other manuals are not links.
"""

import os
import re
import shutil
import subprocess
import sys

SECTIONS = [("7", "Overview"), ("8", "System tools"), ("1", "Tools for kernels"), ("3", "Functions"), ("5", "File formats")]
REFERENCE = re.compile(r'<a class="Xr" href="([^"]*)\.html">(.*?)</a>', re.S)


def read(path):
    with open(path) as file:
        return file.read()


def names(text):
    """Those of the NAME section."""
    section = re.search(r"^\.Sh NAME\n(.*?)^\.Sh ", text, re.S | re.M)[1]
    return [name.removesuffix(" ,") for name in re.findall(r"^\.Nm (.*)$", section, re.M)]


def description(text):
    return re.search(r"^\.Nd (.*)$", text, re.M)[1]


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def page(path, places):
    made = subprocess.run(["mandoc", "-Thtml", "-O", "style=manual.css,man=%N.%S.html,toc", path], check=True,
                          capture_output=True, text=True).stdout

    def link(match):
        place = places.get(match[1])
        if place is None:
            return f'<span class="Xr">{match[2]}</span>'
        return f'<a class="Xr" href="{place}">{match[2]}</a>'

    made = REFERENCE.sub(link, made)
    made = made.replace("<html>", '<html lang="en">', 1)
    return made.replace("<body>", '<body>\n<p><a href="index.html">quark: the manual</a></p>', 1)


def index(pages):
    out = ['<!DOCTYPE html>', '<html lang="en">', '<head>', '<meta charset="utf-8"/>',
           '<meta name="viewport" content="width=device-width, initial-scale=1.0"/>',
           '<link rel="stylesheet" href="manual.css" type="text/css"/>', '<title>quark: the manual</title>', '</head>',
           '<body>', '<h1>quark: the manual</h1>']
    for section, title in SECTIONS:
        out += [f"<h2>{title}</h2>", "<dl>"]
        for file, text in pages.items():
            if file.endswith("." + section):
                titles = ", ".join(f"{name}({section})" for name in names(text))
                out.append(f'<dt><a href="{file}.html">{escape(titles)}</a></dt>'
                           f"<dd>{escape(description(text))}</dd>")
        out.append("</dl>")
    return "\n".join(out + ["</body>", "</html>", ""])


def main():
    folder, out = sys.argv[1:]
    files = sorted(name for name in os.listdir(folder) if re.search(r"\.[1-9]$", name))
    pages = {file: read(os.path.join(folder, file)) for file in files}
    places = {}
    for file, text in pages.items():
        section = file[-1]
        for name in names(text) + [file[:-2]]:
            places[f"{name}.{section}"] = file + ".html"
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    for file in files:
        with open(os.path.join(out, file + ".html"), "w") as output:
            output.write(page(os.path.join(folder, file), places))
    with open(os.path.join(out, "index.html"), "w") as output:
        output.write(index(pages))
    shutil.copy(os.path.join(folder, "manual.css"), out)


main()
