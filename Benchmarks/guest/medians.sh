#!/bin/sh
#
# medians.sh NAME ...: reads a console with lines of `way round events nanoseconds-per-event`, and prints the median of
# each named way, and its difference to the first one.

set -eu
echo "instructions per event, and over C:"
sed -n 's/^\([A-Za-z]*\) [0-9]* [0-9]* \([0-9]*\)$/\1 \2/p' | sort -s -k1,1 -k2,2n | awk -v wanted="$*" '
	{ values[$1, ++count[$1]] = $2 }
	END {
		split(wanted, names, " ")
		for (i = 1; i in names; i++) {
			median = values[names[i], int((count[names[i]] + 1) / 2)]
			if (median == 0) { print "no " names[i]; exit 1 }
			if (i == 1) first = median
			printf "%-10s %6d %6d\n", names[i], median, median - first
		}
	}'
