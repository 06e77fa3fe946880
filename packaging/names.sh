#!/bin/sh
#
# names.sh HEADER: prints the names of all functions and variables that a header declares for linking, sorted, one on
# each line. The libraries define these names and no others. Names of included headers, and static ones, are left out.
#
# Environment: CC (cc).

set -eu
LC_ALL=C
export LC_ALL

[ $# = 1 ] || { echo "usage: names.sh HEADER" >&2; exit 2; }
[ -r "$1" ] || { echo "names.sh: $1 cannot be read" >&2; exit 1; }
text=$("${CC:-cc}" -E -D_GNU_SOURCE -x c "$1")

names=$(printf '%s\n' "$text" | awk -v header="$1" '
# strip(S, WORD): S without each WORD and the parentheses after it.
function strip(s, word,    start, i, depth, c) {
	while (match(s, word "[ ]*[(]")) {
		start = RSTART
		depth = 1
		for (i = RSTART + RLENGTH; i <= length(s) && depth > 0; i++) {
			c = substr(s, i, 1)
			depth += (c == "(") - (c == ")")
		}
		s = substr(s, 1, start - 1) " " substr(s, i)
	}
	return s
}

# declared(S): prints the name in a declaration, which has no braces and no semicolon.
function declared(s,    name, parts, count, i) {
	s = strip(strip(strip(s, "__attribute__"), "__asm__"), "_Static_assert")
	gsub(/[ \t]+/, " ", s)
	s = " " s " "
	if (s ~ /^ *$/ || s ~ / (typedef|static) /)
		return
	if (match(s, /[(]/)) {
		# A function, or a pointer to one: int (*name)(void).
		name = substr(s, RSTART) ~ /^[( ]+\*/ ? substr(s, RSTART) : substr(s, 1, RSTART - 1)
		if (name ~ /^[(]/) {
			sub(/^[( *]+/, "", name)
			sub(/[^A-Za-z0-9_].*/, "", name)
		} else {
			sub(/ *$/, "", name)
			sub(/.*[^A-Za-z0-9_]/, "", name)
		}
		print name
	} else if (s ~ / extern /) {
		count = split(s, parts, ",")
		for (i = 1; i <= count; i++) {
			name = parts[i]
			sub(/ *(\[.*)?$/, "", name)
			sub(/.*[^A-Za-z0-9_]/, "", name)
			print name
		}
	}
}

# Only the lines of the header: a marker says from which file the following lines come.
/^# [0-9]+ "/ {
	file = $0
	sub(/^# [0-9]+ "/, "", file)
	sub(/"[ 0-9]*$/, "", file)
	ours = file == header
	next
}
ours {
	gsub(/"([^"\\]|\\.)*"/, "\"\"")
	gsub(/'\''([^'\''\\]|\\.)+'\''/, "0")
	for (i = 1; i <= length($0); i++) {
		c = substr($0, i, 1)
		if (c == "{") {
			if (depth++ == 0)
				function_body = pending ~ /[)][ \t]*$/
		} else if (c == "}") {
			if (--depth == 0 && function_body) {
				declared(pending)
				pending = ""
			}
		} else if (depth == 0 && c == ";") {
			declared(pending)
			pending = ""
		} else if (depth == 0)
			pending = pending c
	}
	pending = pending " "
}
END {
	if (depth != 0 || pending !~ /^ *$/) {
		print "names.sh: " header " ends within a declaration" >"/dev/stderr"
		exit 1
	}
}
')
[ "$names" ] || { echo "names.sh: $1 declares nothing" >&2; exit 1; }
printf '%s\n' "$names" | sort -u
