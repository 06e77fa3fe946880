#!/bin/sh
#
# krun.sh: boots one Linux kernel under qemu, runs one program in it, and ends with the program's result.
# It needs a POSIX shell, the POSIX utilities and qemu. The manual is man/krun.1.

set -u

usage() {
	cat <<'EOF'
usage: krun.sh [options] initramfs kernel program [argument ...]
       krun.sh [options] --shell initramfs kernel
  --timeout S       end the guest after S seconds (120)
  --boot-timeout S  end it after S seconds if its init has not started (60)
  --results FILE    connect the guest's second serial port to FILE
  --nonce HEX       hand HEX to the guest, to be repeated in its results
  --cpus N          processors (1)
  --memory MB       memory (256)
  --accel A         tcg, kvm, or auto: KVM if a trial boot shows it working (auto)
  --append WORDS    more kernel parameters; may be repeated
  --add ARCHIVE     a cpio archive that is unpacked over the initramfs; may be repeated
  --icount          virtual time: an instruction is a nanosecond, and figures repeat (one processor, TCG)
  --cx16            programs have cmpxchg16b, as Swift's need it; the kernel has not
  --qemu PATH       the qemu to run (qemu-system-x86_64)
  --shell           an interactive shell in place of a program
  --gdb             wait for a debugger before the first instruction
  --dry-run         print the qemu command line and start nothing
  -h, --help        print this
exit status: 0 success, 1-99 failed tests, 124 hang, 125 could not run, 126 panic, 127 boot failure
EOF
}

say() {
	echo "krun.sh: $*" >&2
}

# The guest could not run: this says nothing about the kernel or the program.
fail() {
	say "$*"
	exit 125
}

number() {
	case $2 in
	'' | *[!0-9]* | 0* | ????????*) fail "$1 wants a whole number above zero, not '$2'" ;;
	esac
}

newline='
'
timeout=120 boot_timeout=60 results='' nonce='' cpus=1 memory=256 append='' added='' qemu=qemu-system-x86_64
accel=${KRUN_ACCEL:-auto} icount='' cx16='' shell='' gdb='' dry_run=''

while [ $# -gt 0 ]; do
	case $1 in
	--timeout | --boot-timeout | --results | --nonce | --cpus | --memory | --accel | --append | --add | --qemu)
		[ $# -ge 2 ] || fail "$1 wants a value"
		;;
	esac
	case $1 in
	--timeout) number "$1" "$2"; timeout=$2; shift ;;
	--boot-timeout) number "$1" "$2"; boot_timeout=$2; shift ;;
	--results) results=$2; shift ;;
	--nonce) nonce=$2; shift ;;
	--cpus) number "$1" "$2"; cpus=$2; shift ;;
	--memory) number "$1" "$2"; memory=$2; shift ;;
	--accel) accel=$2; shift ;;
	--append) append="$append $2"; shift ;;
	--add) added=$added$2$newline; shift ;;
	--qemu) qemu=$2; shift ;;
	--icount) icount=1 ;;
	--cx16) cx16=1 ;;
	--shell) shell=1 ;;
	--gdb) gdb=1 ;;
	--dry-run) dry_run=1 ;;
	-h | --help) usage; exit 0 ;;
	--) shift; break ;;
	-*) fail "unknown option $1 (see krun.sh --help)" ;;
	*) break ;;
	esac
	shift
done

case $accel in
tcg | kvm | auto) ;;
*) fail "--accel is tcg, kvm or auto, not '$accel'" ;;
esac
if [ "$icount" ]; then
	[ "$cpus" = 1 ] || fail "--icount takes one processor, not $cpus"
	[ "$accel" != kvm ] || fail "--icount is TCG's, not KVM's"
	accel=tcg
fi
case $nonce in
*[!0-9a-fA-F]*) fail "--nonce wants hexadecimal digits, not '$nonce'" ;;
esac
if [ "$shell" ]; then
	[ $# -eq 2 ] || fail "with --shell: krun.sh [options] --shell initramfs kernel"
	# The shell needs a session with a controlling terminal; otherwise Ctrl-C would not reach its programs.
	set -- "$1" "$2" /bin/busybox setsid /bin/busybox cttyhack /bin/sh
fi
[ $# -ge 3 ] || fail "an initramfs, a kernel and a program are needed (see krun.sh --help)"
initramfs=$1 kernel=$2
shift 2
program=$1

# --- The parts of the guest ----------------------------------------------------------------------------------------

# bytes FILE OFFSET COUNT: prints bytes in hexadecimal, without blanks.
bytes() {
	od -An -v -tx1 -j "$2" -N "$3" "$1" 2>/dev/null | tr -d ' \n'
}

command -v "$qemu" >/dev/null || fail "no $qemu here (Debian: apt-get install qemu-system-x86)"

if [ ! -f "$kernel" ] || [ ! -r "$kernel" ]; then fail "$kernel is not a readable file"; fi
# The kernel unpacks one archive after the other.
set -f
saved=$IFS IFS=$newline
# shellcheck disable=SC2086 # a word for each line
for file in "$initramfs" $added; do
	if [ ! -f "$file" ] || [ ! -r "$file" ]; then fail "$file is not a readable file"; fi
	case $(bytes "$file" 0 6) in
	1f8b* | 303730373031) ;;
	*) fail "$file is not an initramfs: neither gzip nor a newc cpio archive" ;;
	esac
done
IFS=$saved
set +f
# 7f454c46 02 … 3e00: a 64-bit ELF for x86-64. HdrS at 0x202: a bzImage.
case $(bytes "$kernel" 0 20) in
7f454c4602*3e00) ;;
7f454c46*) fail "$kernel is an ELF file, but not for x86-64" ;;
*) [ "$(bytes "$kernel" 514 4)" = 48647253 ] ||
	fail "$kernel is not a kernel: neither an ELF vmlinux nor a bzImage" ;;
esac

# Arguments that the kernel's command line cannot pass: it splits at blanks, removes double quotes, and drops everything
# after a second "--". The kernel panics if init gets more than 32 arguments.
[ $# -le 30 ] || fail "a program with $(($# - 1)) arguments: at most 29 reach the guest"
for word; do
	case $word in
	'' | -- | *[[:space:][:cntrl:]\"]*)
		fail "the kernel command line cannot carry the argument '$(printf %s "$word" | tr '[:cntrl:]' '?')'" ;;
	esac
done
case " $append " in
*" -- "* | *[[:cntrl:]]*) fail "--append takes kernel parameters, not '$(printf %s "$append" | tr '[:cntrl:]' '?')'" ;;
esac

# no_timer_check: a kernel counts interrupts of its timer for some milliseconds, and panics ("IO-APIC + timer doesn't work")
# if a busy machine has not run qemu in this time.
parameters="console=ttyS0 quiet panic=-1 cryptomgr.notests no_timer_check TERM=dumb"
[ "$results" ] && parameters="$parameters QUARK_RESULTS=/dev/ttyS1"
[ "$nonce" ] && parameters="$parameters QUARK_NONCE=$nonce"
# Addresses must be the same in every boot (a kernel that is an ELF file has no KASLR), and the kernel must not measure
# the clock with another one.
[ "$icount" ] && parameters="$parameters norandmaps tsc=reliable"
# The number of the feature, because old kernels do not know names: X86_FEATURE_CX16 of
# arch/x86/include/asm/cpufeatures.h.
[ "$cx16" ] && parameters="$parameters clearcpuid=$((4 * 32 + 13))"
parameters="$parameters$append -- $*"
[ ${#parameters} -lt 2048 ] || fail "a kernel command line of ${#parameters} bytes: the limit is 2047"

console=stdio
# "mon:": Ctrl-C goes to the guest, Ctrl-A X ends qemu.
[ "$shell" ] && console=mon:stdio

# --- Our processes and files ---------------------------------------------------------------------------------------

tmp='' pid='' filter='' watchdog='' terminal=''

# shellcheck disable=SC2317 # reached through trap
clean_up() {
	# KILL: qemu has nothing to save, and may be stuck.
	for process in $pid $watchdog $filter; do
		kill -KILL "$process" 2>/dev/null
	done
	# bash reports killed jobs once, when they are waited for.
	wait 2>/dev/null
	[ "$tmp" ] && rm -rf "$tmp"
	[ "$terminal" ] && stty "$terminal"
}

# Ends with the signal itself, so that our caller sees it.
# shellcheck disable=SC2317
die_by() {
	trap - EXIT "$1"
	clean_up
	kill -s "$1" $$
}

make_tmp() {
	tmp=${TMPDIR:-/tmp}/krun.$$
	mkdir -m 700 "$tmp" 2>/dev/null || { tmp=''; fail "cannot make ${TMPDIR:-/tmp}/krun.$$"; }
	mkfifo "$tmp/console" || fail "cannot make a fifo in $tmp"
}

# True if krun.sh is still running. A zombie does not count: it has no working directory.
alive() {
	kill -0 $$ && { [ ! -d /proc/$$ ] || [ -e /proc/$$/cwd ]; }
}

# watch LIMIT BOOT_LIMIT: ends qemu when its time is over, or when krun.sh is gone. A LIMIT of 0 means no limit.
watch() (
	seconds=0
	# No descriptor of our caller stays open, because the caller may be waiting for the end of a pipe.
	while sleep 1; do
		seconds=$((seconds + 1))
		if ! alive; then
			kill -KILL "$pid"
			rm -rf "$tmp"
			exit
		fi
		[ "$1" -eq 0 ] && continue
		limit=$1 what="not finished"
		if [ ! -e "$tmp/started" ]; then
			[ "$2" -lt "$1" ] && limit=$2
			what="init has not started"
		fi
		if [ "$seconds" -ge "$limit" ]; then
			echo "$what after $limit s" >"$tmp/expired"
			kill -KILL "$pid"
			exit
		fi
	done
) >/dev/null 2>&1

# Copies the guest's console line by line, and makes a file for each fact that decides the exit code.
copy_console() (
	# If the reader of our output goes away, the result must not change.
	trap '' PIPE
	cr=$(printf '\r')
	while IFS= read -r line || [ "$line" ]; do
		while :; do
			case $line in
			*"$cr"*) line=${line%%"$cr"*}${line#*"$cr"} ;;
			*) break ;;
			esac
		done
		printf '%s\n' "$line" 2>/dev/null
		case $line in
		*"Kernel panic - not syncing"*)
			[ -e "$tmp/panic" ] || printf '%s\n' "$line" >"$tmp/panic" ;;
		"$program exited with "*) : >"$tmp/exited" ;;
		esac
		[ -e "$tmp/started" ] && continue
		case $line in
		*"quark-init: started"* | '`'*'` on '* | "$program exited with "*) : >"$tmp/started" ;;
		esac
	done
)

# start ARGUMENT…: runs qemu in the background (only then the shell handles signals), with its console in the fifo.
start() {
	"$qemu" "$@" </dev/null >"$tmp/console" 2>"$tmp/stderr" &
	pid=$!
}

# finish LIMIT BOOT_LIMIT: waits for qemu and sets status to its exit status.
finish() {
	watch "$1" "$2" &
	watchdog=$!
	{ wait "$pid"; status=$?; } 2>/dev/null
	pid=''
	# KILL: a shell that was just forked can lose a TERM while it resets our traps.
	{ kill -KILL "$watchdog"; wait "$watchdog"; } 2>/dev/null
	watchdog=''
	[ "$filter" ] && wait "$filter"
	filter=''
}

# --- KVM or not ----------------------------------------------------------------------------------------------------

# cmpxchg16b is hidden from emulated kernels: qemu 7.2 sometimes computes its flags from an old state, and then the
# kernel crashes in its memory allocator, some seconds after the start of one boot in a few hundred, with wrong EFLAGS.
# With --cx16 it is hidden only from the kernel. The fast string instructions are hidden, too, except in virtual time:
# emulated, they move one byte at a time, and the kernel would use them for everything that it copies and clears.
machine() {
	cpu=max accelerator=$1
	[ "$1" = kvm ] || [ "$cx16" ] || cpu=$cpu,-cx16
	[ "$1" = kvm ] || [ "$icount" ] || cpu=$cpu,-erms
	if [ "$icount" ]; then
		# Guest sleeps take no time. Most machines have no five-level page tables.
		cpu=$cpu,la57=off
		accelerator="$1,thread=single -icount shift=0,sleep=off"
	fi
	echo "-M pc -accel $accelerator -cpu $cpu -m $memory -smp $cpus -nodefaults -no-user-config -display none" \
		"-no-reboot"
}

# The device alone proves nothing: it can exist and fail, or be emulated and slow. Therefore the kernel is booted under
# KVM without an initramfs: within 3 seconds it must reach the point where its root file system is missing.
kvm_works() {
	cat "$tmp/console" >"$tmp/probe" &
	filter=$!
	# shellcheck disable=SC2046 # words are wanted
	start $(machine kvm) -serial stdio -kernel "$kernel" -append "console=ttyS0 panic=-1"
	finish 3 3
	rm -f "$tmp/expired"
	grep -q "Kernel panic - not syncing: VFS" "$tmp/probe"
}

# The result is valid until the next boot of this machine; it is one line in the cache.
choose_accel() {
	[ "$accel" = auto ] || return
	accel=tcg
	# Breakpoints that are set before the guest has page tables work reliably only under TCG.
	if [ ! -w /dev/kvm ] || [ "$gdb" ]; then return; fi
	cache=${QUARK_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/quark}
	key="$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) $(command -v "$qemu")"
	known=$(cat "$cache/accel" 2>/dev/null)
	case $known in
	"$key kvm") accel=kvm; return ;;
	"$key tcg") return ;;
	esac
	[ "$dry_run" ] && return
	kvm_works && accel=kvm
	# Without a cache the next run tries again.
	mkdir -p "$cache" 2>/dev/null && (echo "$key $accel" >"$cache/accel.$$") 2>/dev/null &&
		mv "$cache/accel.$$" "$cache/accel"
}

# --- The run -------------------------------------------------------------------------------------------------------

quote() {
	case $1 in
	'' | *[!A-Za-z0-9_./:,=+@%-]*) printf '%s' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/" ;;
	*) printf '%s' "$1" ;;
	esac
}

if [ ! "$dry_run" ]; then
	trap clean_up EXIT
	for signal in HUP INT TERM; do
		# shellcheck disable=SC2064 # the signal of this turn of the loop
		trap "die_by $signal" "$signal"
	done
	make_tmp
	if [ "$results" ]; then
		(: >"$results") 2>/dev/null || fail "cannot write $results"
	fi
fi
choose_accel

# Each begins at a multiple of four, which only one that is not compressed needs.
join_archives() (
	set -f
	IFS=$newline
	# shellcheck disable=SC2086 # a word for each line
	for file in "$initramfs" $added; do
		cat "$file" || exit
		dd if=/dev/zero bs=1 count="$((-$(wc -c <"$file") & 3))" 2>/dev/null || exit
	done
)
if [ "$added" ]; then
	joined=${tmp:-${TMPDIR:-/tmp}/krun}/initramfs
	[ "$dry_run" ] || join_archives >"$joined" || fail "cannot write $joined"
	initramfs=$joined
fi

results=${results:+file:$results}
# shellcheck disable=SC2046 # words are wanted
set -- $(machine "$accel") \
	-serial "$console" -serial "${results:-null}" -device isa-debug-exit,iobase=0xf4,iosize=4 \
	-kernel "$kernel" -initrd "$initramfs" -append "$parameters"
[ "$gdb" ] && set -- "$@" -s -S

if [ "$dry_run" ]; then
	quote "$qemu"
	for word; do
		printf ' '
		quote "$word"
	done
	echo
	exit 0
fi

[ "$gdb" ] && say "waiting for a debugger: gdb $kernel -ex 'target remote localhost:1234'"
if [ "$shell" ]; then
	say "Ctrl-A X leaves the guest"
	[ -t 0 ] && terminal=$(stty -g)
	exec 3<&0
	"$qemu" "$@" <&3 2>"$tmp/stderr" &
	pid=$!
else
	copy_console <"$tmp/console" &
	filter=$!
	start "$@"
fi
[ "$shell$gdb" ] && timeout=0
finish "$timeout" "$boot_timeout"

# --- The result ----------------------------------------------------------------------------------------------------

panic=$(cat "$tmp/panic" 2>/dev/null)
expired=$(cat "$tmp/expired" 2>/dev/null)
started=''
[ -e "$tmp/started" ] && started=1
# The guest's init wrote 0x10 + code to the debug port, which qemu turns into an odd status from 33 to 231. A qemu that
# a signal killed can have such a status, too, but then init has not printed on the console that the program has ended.
code=''
if [ "$status" -ge 33 ] && [ "$status" -le 231 ] && [ $((status % 2)) -eq 1 ]; then
	if [ "$status" -le 128 ] || [ "$shell" ] || [ -e "$tmp/exited" ]; then code=$(((status - 33) / 2)); fi
fi

case $panic in
*"Unable to mount root fs"* | *"No working init found"* | *"Requested init "*) code=127 ;;
?*) code=126 ;;
esac
if [ "$panic" ]; then
	say "$panic"
elif [ "$code" ]; then
	:
elif [ "$expired" ]; then
	say "$expired"
	code=${started:+124}
	code=${code:-127}
elif [ "$status" -ne 0 ]; then
	message=$(tail -n 1 "$tmp/stderr")
	say "qemu failed with status $status${message:+: $message}"
	code=125
elif [ "$shell" ]; then
	code=0
elif [ "$started" ]; then
	say "the guest reset itself without an exit code"
	code=126
else
	say "the guest reset itself before its init started"
	code=127
fi
echo "exited with $code"
exit "$code"
