#!/bin/sh
#
# names.sh HEADER: the names of all functions and variables that a header declares for others to link with, sorted, a
# line each. They are what the libraries define, and all they define. Not those of the headers that it includes, and not
# what is static.
#
# Environment: CC (cc).

set -eu
LC_ALL=C
export LC_ALL

[ $# = 1 ] || { echo "usage: names.sh HEADER" >&2; exit 2; }
[ -r "$1" ] || { echo "names.sh: $1 cannot be read" >&2; exit 1; }
text=$("${CC:-cc}" -E -D_GNU_SOURCE -x c "$1")

names=$(printf '%s\n' "$text" | awk -v header="$1" '
# strip(S, WORD): S without each WORD and the parentheses behind it.
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

# declared(S): prints what a declaration names, which has no braces and no semicolon.
function declared(s,    name, parts, count, i) {
	s = strip(strip(strip(s, "__attribute__"), "__asm__"), "_Static_assert")
	gsub(/[ \t]+/, " ", s)
	s = " " s " "
	if (s ~ /^ *$/ || s ~ / (typedef|static) /)
		return
	if (match(s, /[(]/)) {
		# A function, or something behind a pointer to one: int (*name)(void).
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

# The lines of the header alone: a marker says from where those that follow are.
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
