#!/bin/sh
#
# Tests krun.sh with a fake qemu. This needs no kernel; KRUN_SH (sh) names the shell in which krun.sh runs.

set -u

here=$(cd "$(dirname "$0")" && pwd)
krun=$here/../../krun.sh
sh=${KRUN_SH:-sh}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
TMPDIR=$work/tmp QUARK_CACHE=$work/cache
export TMPDIR QUARK_CACHE
unset KRUN_ACCEL
mkdir "$TMPDIR"

passed=0 failed=0

# result WHAT: prints the status of the last command as a line.
result() {
	if [ $? -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $1"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $1"
		sed 's/^/# stdout: /' out
		sed 's/^/# stderr: /' err
	fi
}

# krun EXPECTED OPTIONS…: runs krun.sh with the fake qemu, output to out and err.
krun() {
	expected=$1
	shift
	"$sh" "$krun" --accel tcg --qemu "$here/fake-qemu" "$@" >out 2>err </dev/null
	status=$?
	[ "$status" -eq "$expected" ] || { echo "# exit status $status, not $expected"; return 1; }
}

says() {
	grep -q -e "$1" err && [ "$(wc -l <err)" -eq 1 ]
}

ends() {
	[ "$(tail -n 1 out)" = "exited with $1" ]
}

# The first bytes of a 64-bit x86-64 ELF file, of one for another machine, and of a bzImage.
{ printf '\177ELF\002\001\001'; printf '%011d' 0 | tr 0 '\0'; printf '\076\000\001\000'; } >elf
{ printf '\177ELF\002\001\001'; printf '%011d' 0 | tr 0 '\0'; printf '\267\000\001\000'; } >elf-arm64
{ printf '%0514d' 0; printf 'HdrS'; } >bzimage
printf 'a text file that is long enough to have bytes at 0x202 %0600d' 0 >text
: >empty
gzip <text >text.gz
printf '070701 and so on' >initramfs.cpio
cp text.gz initramfs.gz

echo "# exit codes"
for code in 0 1 42 48 99; do
	FAKE=code FAKE_CODE=$code krun $code initramfs.gz elf prog -v && ends $code && [ ! -s err ]
	result "the guest's code $code"
done
FAKE=init-failed krun 1 initramfs.gz elf prog && ends 1
result "init itself fails"
FAKE=hang krun 124 --timeout 2 initramfs.gz elf prog && ends 124 && says 'not finished after 2 s'
result "a program that hangs"
FAKE=silent krun 127 --boot-timeout 1 initramfs.gz elf prog && ends 127 && says 'init has not started after 1 s'
result "a kernel that says nothing"
FAKE=silent krun 127 --timeout 1 initramfs.gz elf prog && ends 127 && says 'init has not started after 1 s'
result "a kernel that says nothing, and a short limit for the whole run"
FAKE=panic krun 126 initramfs.gz elf prog && ends 126 && says 'Kernel panic'
result "a panic"
FAKE=panic-hang krun 126 --timeout 1 initramfs.gz elf prog && ends 126 && says 'Fatal exception'
result "a panic that does not reset the machine"
FAKE=no-root krun 127 initramfs.gz elf prog && ends 127 && says 'Unable to mount root'
result "a kernel without a root file system"
FAKE=no-init krun 127 initramfs.gz elf prog && ends 127 && says 'No working init'
result "a kernel without an init"
FAKE=reset krun 126 initramfs.gz elf prog && ends 126 && says 'reset itself without an exit code'
result "a reset in the middle"
FAKE=early-reset krun 127 initramfs.gz elf prog && ends 127 && says 'before its init started'
result "a reset before init"
FAKE=broken krun 125 initramfs.gz elf prog && ends 125 && says 'status 1: qemu: could not do it'
result "a qemu that does not start"
FAKE=killed krun 125 initramfs.gz elf prog && ends 125 && says 'qemu failed with status 139'
result "a qemu that crashes"

echo "# console"
FAKE=blanks krun 0 initramfs.gz elf prog
# shellcheck disable=SC2016 # the backquotes are init's
printf '%s\n' 'quark-init: started' '`prog -v` on 6.1.0 x86_64' '  two  blanks ' '' 'back\slash' 'no end' \
	'exited with 0' | cmp -s - out
result "lines are copied as they are, without carriage returns"

echo "# bad input"
# refused WHAT PATTERN ARGUMENTS…
refused() {
	what=$1 pattern=$2
	shift 2
	FAKE=code FAKE_CODE=0 krun 125 "$@" && says "$pattern" && [ ! -s out ]
	result "$what"
}
words=$(printf 'w%02d ' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29)
long=$(printf '%02000d' 0)
refused "no arguments" 'are needed'
refused "no program" 'are needed' initramfs.gz elf
refused "an unknown option" 'unknown option --nope' --nope initramfs.gz elf prog
refused "an option without its value" 'wants a value' --timeout
refused "no number" 'whole number' --timeout soon initramfs.gz elf prog
refused "zero" 'whole number' --cpus 0 initramfs.gz elf prog
refused "an unknown accelerator" 'tcg, kvm or auto' --accel xen initramfs.gz elf prog
refused "a nonce that is not hexadecimal" 'hexadecimal' --nonce 12g initramfs.gz elf prog
refused "no such initramfs" 'not a readable file' nothing elf prog
refused "no such kernel" 'not a readable file' initramfs.gz nothing prog
refused "a directory for a kernel" 'not a readable file' initramfs.gz . prog
refused "an empty kernel" 'not a kernel' initramfs.gz empty prog
refused "a text for a kernel" 'not a kernel' initramfs.gz text prog
refused "a compressed kernel" 'not a kernel' initramfs.gz text.gz prog
refused "an arm64 kernel" 'not for x86-64' initramfs.gz elf-arm64 prog
refused "a text for an initramfs" 'not an initramfs' text elf prog
refused "a text to be added" 'text is not an initramfs' --add initramfs.cpio --add text initramfs.gz elf prog
refused "nothing to be added" 'not a readable file' --add nothing initramfs.gz elf prog
refused "no qemu" 'no /no/qemu here' --qemu /no/qemu initramfs.gz elf prog
refused "an argument with a blank" 'cannot carry' initramfs.gz elf prog 'a b'
refused "an argument with a double quote" 'cannot carry' initramfs.gz elf prog 'a"b'
refused "an empty argument" 'cannot carry' initramfs.gz elf prog ''
refused "an argument with a new line" 'cannot carry' initramfs.gz elf prog 'a
b'
refused "a -- among the arguments" 'cannot carry' initramfs.gz elf prog -- b
refused "a -- among the parameters" 'kernel parameters' --append 'a -- b' initramfs.gz elf prog
# shellcheck disable=SC2086 # words are wanted
refused "too many arguments" 'at most 29' initramfs.gz elf prog $words w30
refused "a command line that is too long" 'the limit is 2047' initramfs.gz elf prog "$long"
refused "results that cannot be written" 'cannot write /no/results' --results /no/results initramfs.gz elf prog
# shellcheck disable=SC2086 # words are wanted
FAKE=code FAKE_CODE=0 krun 0 initramfs.gz elf prog $words
result "as many arguments as there may be"

echo "# the qemu command line"
for kernel in elf bzimage; do
	FAKE=code FAKE_CODE=0 krun 0 initramfs.cpio $kernel prog
	result "an $kernel kernel, an initramfs that is not compressed"
done
FAKE=code FAKE_CODE=0 FAKE_ARGS=args krun 0 --results "$work/r" --nonce 0aF --cpus 2 --memory 300 --append a=1 \
	--append 'b=2 c' initramfs.gz elf prog x=y a.b 'q'\''q' &&
	words='console=ttyS0 quiet panic=-1 cryptomgr.notests no_timer_check TERM=dumb QUARK_RESULTS=/dev/ttyS1 QUARK_NONCE=0aF' &&
	grep -Fqx "$words a=1 b=2 c -- prog x=y a.b q'q" args &&
	grep -Fqx "file:$work/r" args && grep -Fqx 300 args && grep -Fqx 2 args && [ -f r ]
result "every option reaches qemu"
cp initramfs.gz 'added *.gz'
printf '0707010' >odd.cpio
FAKE=code FAKE_CODE=0 FAKE_INITRD=joined krun 0 --add 'added *.gz' --add odd.cpio initramfs.cpio elf prog &&
	[ $(($(wc -c <joined) % 4)) -eq 0 ] && head -c "$(wc -c <initramfs.cpio)" joined | cmp -s - initramfs.cpio &&
	[ "$(tail -c 8 joined | tr -d '\0')" = 0707010 ]
result "archives are added, each at a multiple of four"
FAKE=code FAKE_CODE=0 FAKE_ARGS=args krun 0 --cx16 --accel tcg initramfs.gz elf prog && grep -Fqx max,-erms args &&
	grep -q ' cryptomgr.notests no_timer_check TERM=dumb clearcpuid=141 -- prog$' args &&
	FAKE=code FAKE_CODE=0 FAKE_ARGS=args krun 0 --accel tcg initramfs.gz elf prog && grep -Fqx max,-cx16,-erms args &&
	! grep -q clearcpuid args
result "--cx16 is the program's and not the kernel's"
FAKE=code FAKE_CODE=0 FAKE_ARGS=args krun 0 --icount initramfs.gz elf prog && grep -Fqx max,-cx16,la57=off args
result "in virtual time string instructions are as on other machines"
FAKE=code FAKE_CODE=0 krun 0 --dry-run initramfs.gz elf prog "it's" && [ ! -s err ] && [ "$(wc -l <out)" -eq 1 ] &&
	eval "set -- $(cat out)" && [ "$1" = "$here/fake-qemu" ] && [ "$#" -eq 28 ] &&
	[ "${28}" = "console=ttyS0 quiet panic=-1 cryptomgr.notests no_timer_check TERM=dumb -- prog it's" ]
result "--dry-run prints one line that a shell reads back"
rm -f args && FAKE=code FAKE_CODE=0 FAKE_ARGS=args krun 0 --dry-run --results "$work/dry" initramfs.gz elf prog &&
	[ ! -e args ] && [ ! -e dry ]
result "--dry-run starts nothing and writes nothing"
FAKE=code FAKE_CODE=0 krun 0 --dry-run --gdb initramfs.gz elf prog && grep -q ' -s -S$' out
result "--gdb"
FAKE=code FAKE_CODE=7 krun 7 --shell initramfs.gz elf && ends 7 && says 'Ctrl-A X'
result "--shell: the shell's exit code"
FAKE=reset krun 0 --shell initramfs.gz elf && ends 0
result "--shell: qemu is left"
"$sh" "$krun" --help >out 2>err && grep -q '^usage: krun.sh' out && [ ! -s err ]
result "--help"

echo "# KVM"
# chosen KVM ACCEL: with a KVM that works, fails or hangs, the run is made with ACCEL.
chosen() {
	FAKE=code FAKE_CODE=0 FAKE_KVM=$1 FAKE_ARGS=args krun 0 --accel auto initramfs.gz elf prog && ends 0 &&
		[ ! -s err ] && grep -Fqx -e "$2" args
}
if [ -w /dev/kvm ]; then
	for kvm in fails hangs works; do
		rm -rf cache
		[ $kvm = works ] && right=kvm || right=tcg
		chosen $kvm "$right"
		result "KVM that $kvm: $right"
	done
	chosen fails kvm
	result "the outcome is kept"
	echo "another-boot $here/fake-qemu kvm" >cache/accel
	chosen fails tcg
	result "but not over a boot of the machine"
	rm -rf cache && : >cache
	chosen works kvm
	result "no cache is no error"
	rm -f cache
else
	chosen works tcg
	result "no KVM here: tcg"
fi
FAKE=code FAKE_CODE=0 KRUN_ACCEL=kvm FAKE_ARGS=args "$sh" "$krun" --qemu "$here/fake-qemu" initramfs.gz elf prog \
	>out 2>err && grep -Fqx kvm args
result "KRUN_ACCEL"

echo "# ends"
# gone FILE: succeeds if the process whose id is in FILE is gone within three seconds.
gone() {
	tries=0
	while kill -0 "$(cat "$1")" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$(cat "$1")/status" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -le 3 ] || return 1
		sleep 1
	done
}
# A shell starts background processes with INT ignored, and a shell cannot trap an ignored signal, so env resets it.
for signal in HUP INT TERM KILL; do
	rm -f pid
	FAKE=hang FAKE_PID=pid env --default-signal=INT "$sh" "$krun" --accel tcg --qemu "$here/fake-qemu" \
		initramfs.gz elf prog >out 2>err &
	main=$!
	while [ ! -s pid ]; do sleep 0.1; done
	kill -s "$signal" $main
	wait $main 2>/dev/null
	status=$?
	[ "$status" -gt 128 ] && gone pid
	result "$signal ends qemu too"
done
sleep 1
[ -z "$(ls "$TMPDIR")" ]
result "no temporary files are left"
FAKE=code FAKE_CODE=0 FAKE_PID=pid "$sh" "$krun" --accel tcg --qemu "$here/fake-qemu" initramfs.gz elf prog 2>err | :
gone pid
result "a reader that has gone away"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
