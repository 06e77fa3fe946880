#!/bin/sh
# Stands in for krun.sh: takes its options, and instead of booting the kernel image runs it as a shell script that
# plays a guest with the words below. No kernel and no qemu are needed.
results=/dev/null nonce=0
while :; do
  case $1 in
    --results) results=$2; shift 2 ;;
    --nonce) nonce=$2; shift 2 ;;
    --timeout | --boot-timeout | --cpus | --append) shift 2 ;;
    --dry-run) exit "${FAKE_DRY_RUN:-0}" ;;
    *) break ;;
  esac
done
kernel=$2
shift 2
program=$1
release=${kernel##*linux-}
case $kernel in */*) ;; *) kernel=./$kernel ;; esac  # or the shell would look for it in PATH
: >"$results"
seq=0
# The kernel's scripts may count their boots here.
state=$kernel.boots
boots=$(($(cat "$state" 2>/dev/null || echo 0) + 1))
echo "$boots" >"$state"

# The operands that name tests, and whether a given one is to be run.
wanted= jobs=8 seed=0 option=
for word in "$@"; do
  case $option in
    -j) jobs=$word option= ; continue ;;
    -s) seed=$word option= ; continue ;;
  esac
  case $word in "$program") ;; -j | -s) option=$word ;; -*) ;; *) wanted="$wanted $word" ;; esac
done
alone() { [ "$jobs" = 1 ]; }
wants() { case "$wanted " in " " | *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# frame JSON: one frame with its number and checksum; gzip's trailer has zlib's CRC-32.
frame() {
  crc=$(printf '%s' "$nonce $seq $1" | gzip -c | tail -c 8 | od -An -N4 -tx4 | tr -d ' ')
  echo "@Q $nonce $seq $crc $1" >>"$results"
  seq=$((seq + 1))
}
boot() {
  echo 'quark-init: started'
  echo "\`$*\` on $release x86_64"
  frame '{"type":"hello","version":2,"program":"quark-test","release":"'"$release"'","machine":"x86_64","cpus":1,"jobs":'"$jobs"',"seed":'"$seed"'}'
}
# plan NAME@BACKEND…: those of them that are wanted.
plan() {
  planned= json=
  for test in "$@"; do
    wants "${test%@*}" || continue
    planned="$planned $test"
    json="$json${json:+,}"'{"name":"'"${test%@*}"'","backend":"'"${test#*@}"'"}'
  done
  frame '{"type":"plan","tests":['"$json"']}'
}
index_of() {
  index=0
  for test in $planned; do
    [ "$test" = "$1" ] && return
    index=$((index + 1))
  done
}
start() {
  index_of "$1"
  frame '{"type":"start","index":'"$index"',"name":"'"${1%@*}"'","backend":"'"${1#*@}"'"}'
}
# result NAME@BACKEND VERDICT [REASON]
result() {
  index_of "$1"
  frame '{"type":"result","index":'"$index"',"verdict":"'"$2"'","ms":120,"reason":"'"$3"'","output":"","open_ms":20,"close_ms":10}'
}
# finish PASSED FAILED SKIPPED: a guest that comes to its end.
finish() {
  frame '{"type":"end","passed":'"$1"',"failed":'"$2"',"skipped":'"$3"',"ms":900,"idle_ms":250}'
  echo "$2 failures"
  leave "$2"
}
leave() {
  echo "$program exited with $1"
  echo "exited with $1"
  exit "$1"
}
panic() {
  echo '[    3.141592] Kernel panic - not syncing: sysrq triggered crash'
  echo '[    3.141600] Call Trace:'
  echo 'exited with 126'
  exit 126
}
# queue NAME: a shared queue that is closed.
queue() {
  frame '{"type":"queue","name":"'"$1"'","open_ms":150,"close_ms":100}'
}
# start_all: every planned test begins, beside the others.
start_all() {
  for test in $planned; do start "$test"; done
}
# pass_all: every planned test passes.
pass_all() {
  count=0
  for test in $planned; do
    start "$test"
    result "$test" pass
    count=$((count + 1))
  done
  finish "$count" 0 0
}
. "$kernel"
