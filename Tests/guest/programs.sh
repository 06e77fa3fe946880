#!/bin/sh
# Run in a guest: runs the scripts of /programs, one after the other, even if earlier ones fail. Prints where each
# begins and how it ends, and exits with the number of failures.
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
