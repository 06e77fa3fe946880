#!/bin/sh
# Run in a guest: the scripts of /programs, one after the other, whatever becomes of those before. Says where each begins
# and how it ends, and ends with the number of those that failed.
failed=0
for program in /programs/*; do
	name=${program##*/}
	echo "programs: $name begins"
	/bin/sh "$program"
	status=$?
	echo "programs: $name ended with $status"
	[ $status = 0 ] || failed=$((failed + 1))
done
exit $failed
