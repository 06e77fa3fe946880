#!/bin/sh
#
# readme.sh: writes README.md, made from quark.7, to standard output. mandoc makes the Markdown; the rest converts it to
# the form of a page that is read on the web.

set -eu
cd "$(dirname "$0")"

# "name(section) file", one on each line: a page may have several names.
names=$(for page in *.[1-9]; do
	section=${page##*.}
	echo "${page%.*}($section) $page"
	sed -n "/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1($section) $page/p" "$page"
done)

mandoc -Tmarkdown quark.7 | awk '
# Blocks: each record is one, without the empty lines around it.
BEGIN { RS = ""; FS = "\n" }

# plain(S): S without the escapes that code between backquotes must not have.
function plain(s) {
	gsub(/&zwnj;/, "", s)
	gsub(/\\\*/, "\001", s)
	gsub(/\*/, "", s)
	gsub(/\001/, "*", s)
	gsub(/\\/, "", s)
	return s
}

# codify(S): S with everything that mandoc has set in bold or in italics as code, but for our own name.
function codify(s,    out, word) {
	gsub(/&#45;/, "-", s)
	gsub(/\*\*quark\*\*/, "\002", s)
	while (match(s, /\*+[^*]+\*+(\(\))?/)) {
		word = substr(s, RSTART, RLENGTH)
		out = out substr(s, 1, RSTART - 1) "`" plain(word) "`"
		s = substr(s, RSTART + RLENGTH)
	}
	s = out s
	gsub(/\002/, "**quark**", s)
	return s
}

function heading(s) {
	if (s ~ /^## /)
		return "#" s
	sub(/^# /, "", s)
	if (s != "API")
		s = substr(s, 1, 1) tolower(substr(s, 2))
	return "## " s
}

function code(s) {
	gsub(/(^|\n)\t/, "\n", s)
	return "```" (section == "## Example" ? "c" : "sh") s "\n```"
}

# paragraph(S): one line; if it is a list, one for each bullet.
function paragraph(s) {
	if (s ~ /^\*\t/) {
		gsub(/\n\t/, " ", s)
		gsub(/\n\*\t/, "\n- ", s)
		sub(/^\*\t/, "- ", s)
	} else
		gsub(/\n/, " ", s)
	return codify(s)
}

# A tag and its text, which mandoc sets as a quotation, become an item.
function item(tag, text) {
	tag = tag ~ /\(\*/ ? "`" plain(tag) "`" : codify(tag)
	gsub(/(^|\n)> ?/, " ", text)
	return "- " tag ":" codify(text)
}

# One block is held back: what follows it may show it to be a tag. The last, the footer, is never printed.
function release() {
	if (after_item)
		print ""
	after_item = 0
	if (held ~ /^##* /)
		print section = heading(held)
	else if (held ~ /^\t/)
		print code(held)
	else
		print paragraph(held)
	print ""
}

NR == 1 { next }
$0 == "# NAME" {
	getline
	sub(/^\*\*quark\*\* - /, "")
	print "# quark\n\n" $0 ".\n"
	next
}
/^>/ {
	print item(held, $0)
	held = ""
	after_item = 1
	next
}
# Two blocks in a row that are no quotation: the list before them is over.
held != "" {
	release()
}
{
	held = $0
}
' | awk -v names="$names" '
# References to pages of ours, by any of their names, become links to them.
BEGIN {
	count = split(names, entries, "\n")
	for (number = 1; number <= count; number++) {
		split(entries[number], entry, " ")
		place[entry[1]] = entry[2]
	}
}
/^```/ { fenced = !fenced }
fenced { print; next }
{
	out = ""
	while (match($0, /[A-Za-z][A-Za-z0-9_.\\-]*\([1-9]\)/)) {
		word = substr($0, RSTART, RLENGTH)
		gsub(/\\/, "", word)
		if (word in place)
			word = "[" word "](man/" place[word] ")"
		out = out substr($0, 1, RSTART - 1) word
		$0 = substr($0, RSTART + RLENGTH)
	}
	print out $0
}
'
