#!/bin/sh
# Tests the manual: man/check.py must find errors that are planted in a copy of the pages; and the pages become HTML.
# Run from the top of the tree.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
header=Sources/CQuark/include/quark.h
passed=0 failed=0

# finds WORDS FILE SED-SCRIPT: after this edit of FILE in the copy, the check fails, and a line has WORDS. Without a
# script the file is removed.
finds() {
	rm -rf "$work/man"
	mkdir "$work/man"
	cp man/*.[1-9] "$header" "$work/man"
	if [ $# = 3 ]; then
		sed -i "$3" "$work/man/$2"
	else
		rm "$work/man/$2"
	fi
	if output=$(man/check.py "$work/man" "$work/man/quark.h" 2>&1) || ! echo "$output" | grep -qF "$1"; then
		failed=$((failed + 1))
		echo "not ok - it finds: $1"
		echo "$output" | sed 's/^/# /'
	else
		passed=$((passed + 1))
		echo "ok - it finds: $1"
	fi
}

finds 'no page names quark_queue_close' quark_queue_close.3
finds 'no page names quark_new_one' quark.h 's/^void quark_queue_close/void quark_new_one(void);\n&/'
finds 'quark_queue_shut is not in the header' quark_queue_close.3 '/^\.Sh NAME/a.Nm quark_queue_shut ,'
finds 'quark_queue_close is also in quark_queue_block.3' quark_queue_block.3 '/^\.Sh NAME/a.Nm quark_queue_close ,'
finds 'the first name is not that of the file' quark_queue_block.3 's/^\.Nm .*/.Nm quark_queue_close/'
finds 'quark_queue_block is not in the synopsis' quark_queue_block.3 '/^\.Fn/d'
finds 'the synopsis of quark_queue_block is not' quark_queue_block.3 's/^\.Ft int/.Ft long/'
finds 'the synopsis of quark_process_lookup is not' quark_process_lookup.3 's/"int pid"/"u64 pid"/'
finds 'late of struct quark_queue_stats is missing' quark_queue_get_stats.3 '/Va late$/d'
finds 'struct quark_queue_stats has no later' quark_queue_get_stats.3 's/Va late$/Va later/'
finds 'example 1: ' quark_queue_block.3 's/&queue, stdout\|(event, stdout)/(event)/'
finds 'there is no quark_queue_shut(3)' quark_queue_block.3 '/^\.Sh SEE/a.Xr quark_queue_shut 3 ,'

# ok WORDS COMMAND...: the command succeeds, and prints nothing.
ok() {
	words=$1
	shift
	if output=$("$@" 2>&1) && [ -z "$output" ]; then
		passed=$((passed + 1))
		echo "ok - $words"
	else
		failed=$((failed + 1))
		echo "not ok - $words"
		echo "$output" | sed 's/^/# /'
	fi
}

# Prints dead links of the pages: to a file or an anchor that does not exist.
dead_links() {
	[ -s "$work/docs/index.html" ] || return 1
	(
		cd "$work/docs" || exit
		find . -type f | sed 's|^\./||'
		grep -o ' id="[^"]*"' -- *.html | sed 's/: id="/#/; s/"$//'
	) | sort -u >"$work/places"
	(cd "$work/docs" && grep -o 'href="[^"]*"' -- *.html) | sed 's/:href="\(.*\)"$/ \1/' |
		awk '{ split($2, part, "#"); file = part[1] == "" ? $1 : part[1]; print file; if (part[2] != "") print file "#" part[2] }' |
		sort -u >"$work/links"
	[ "$(wc -l <"$work/links")" -gt 100 ] || echo "few links"
	comm -13 "$work/places" "$work/links"
}

# Prints pages that are missing in the index.
missing_in_index() {
	for page in man/*.[1-9]; do
		grep -qF "href=\"${page#man/}.html\"" "$work/docs/index.html" || echo "$page"
	done
}

ok 'HTML is made' man/docs.py man "$work/docs"
ok 'no link leads nowhere' dead_links
ok 'the index has all' missing_in_index
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
