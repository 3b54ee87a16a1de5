/**
 * The detached runner of a deploy script, in POSIX sh. It outlives the worker that starts it (6-faults findings 1 and 2):
 * it takes the environment's lock, refuses a stale fence, runs the script in a session of its own and leaves behind, as
 * files, who ran and how it ended. It is text in the code, so that source and build carry the same one.
 */

/** Exit codes of the runner itself; they follow sysexits (75 is EX_TEMPFAIL). */
export const RUNNER_BUSY = 75;
export const RUNNER_FENCED = 76;

/**
 * In the folder of an environment, beside `lock` and `fence` (the highest number seen): the job that took the lock last.
 * `gate` guards the few instants in which the lock changes hands or is broken.
 */
export const HOLDER_FILE = 'holder';

/** File names in the folder of a job. */
export const JOB_FILES = {
  runner: 'runner.sh',
  runnerLog: 'runner.log',
  /** The copy of `tidegate-fence` that the script is given: it outlives an upgrade of Tidegate. */
  fenceTool: 'bin/tidegate-fence',
  /** Which number the job has, and how long it may take: for whoever finds it. */
  order: 'order',
  /** Who runs the script: `<pid> <start> <boot>`. It exists from the instant before the script's first line. */
  script: 'script',
  /** Who waits for it, in the same form. */
  keeper: 'keeper',
  output: 'output',
  /** The first bytes of an output that passed its cap, and the last ones that were dropped after them. */
  head: 'head',
  tail: 'tail',
  /** The exit code: its presence says that the lock is free again. */
  exit: 'exit',
  /** Why Tidegate ended the script, if it did. */
  ended: 'ended',
  /** Byte offset up to which log lines were handed over. */
  logged: 'logged',
} as const;

/** How long somebody waits at the gate: a process that is frozen in it must not hold whoever comes next for ever. */
export const GATE_PATIENCE_S = 30;

/** How much of an output beyond its cap is kept from its end. */
export const KEPT_TAIL_BYTES = 65_536;

/**
 * `runner.sh run JOB BASE FENCE GRACE_TENTHS CAP FLOCK SETSID COMMAND…` (`-` for a FLOCK or SETSID that is missing).
 *
 * Traps worth knowing: variables start with `tg_` because a plain name could be one of the environment file and would
 * change under the script; signals are trapped, not ignored, because an ignored one stays ignored in the script; the
 * lock belongs to the open file, not to a process, so a service that the script started would hold it for ever unless
 * it is given back explicitly.
 */
export const RUNNER = String.raw`#!/bin/sh
# Written and started by Tidegate; one per deploy script. See drivers/script/runner.ts.
set -u

tg_identity() {
  tg_pid=$1 tg_start=- tg_boot=-
  if read -r tg_line 2>/dev/null <"/proc/$1/stat"; then
    read -r tg_boot 2>/dev/null </proc/sys/kernel/random/boot_id
    set -- \${tg_line##*) }
    tg_start=\${20}
  else
    tg_start=$(ps -o lstart= -p "$1" | tr -s ' ' '_')
  fi
  echo "$tg_pid $tg_start $tg_boot"
}

tg_put() {
  printf '%s\n' "$2" >"$1.$$" && mv -f "$1.$$" "$1"
}

# The child claims the run by a link, which only one can make, and only then becomes the script.
if [ "$1" = start ]; then
  tg_job=$2
  shift 2
  tg_identity "$$" >"$tg_job/script.$$" || exit 125
  ln "$tg_job/script.$$" "$tg_job/script" || exit 125
  rm -f "$tg_job/script.$$"
  exec "$@"
fi

tg_job=$2 tg_base=$3 tg_fence=$4 tg_grace=$5 tg_cap=$6 tg_flock=$7 tg_setsid=$8
shift 8

tg_members() {
  tg_sid=$1
  if [ ! -r /proc/self/stat ]; then
    kill -0 "-$tg_sid" 2>/dev/null && echo "-$tg_sid"
    return
  fi
  for tg_file in /proc/[0-9]*/stat; do
    read -r tg_line 2>/dev/null <"$tg_file" || continue
    set -- \${tg_line##*) }
    [ "$3" = "$tg_sid" ] || [ "$4" = "$tg_sid" ] || continue
    case $1 in Z | X) ;; *) echo "\${tg_line%% *}" ;; esac
  done
}

tg_signal_all() {
  for tg_each in $(tg_members "$2"); do kill "-$1" "$tg_each" 2>/dev/null; done
}

tg_end_session() {
  [ -z "$(tg_members "$1")" ] && return
  tg_signal_all TERM "$1"
  tg_left=$tg_grace
  while [ "$tg_left" -gt 0 ] && [ -n "$(tg_members "$1")" ]; do
    sleep 0.1
    tg_left=$((tg_left - 1))
  done
  while [ -n "$(tg_members "$1")" ]; do
    tg_signal_all KILL "$1"
    sleep 0.1
  done
}

# Keeps the output small without a pipe that could break: its beginning and its end stay, the rest goes.
tg_squeeze() {
  [ "$(wc -c <"$tg_job/output")" -gt "$tg_cap" ] || return 0
  if [ ! -e "$tg_job/head" ]; then
    head -c "$tg_cap" "$tg_job/output" >"$tg_job/head.new" && mv -f "$tg_job/head.new" "$tg_job/head" || return 0
  fi
  tail -c ${KEPT_TAIL_BYTES} "$tg_job/output" >"$tg_job/tail.new" && mv -f "$tg_job/tail.new" "$tg_job/tail"
  : >"$tg_job/output"
}

tg_guard() {
  trap 'kill "$tg_nap" 2>/dev/null; exit 0' TERM
  tg_nap=
  # A TERM that comes before the trap is set is lost: the end of the script itself must end the watch, and not the end
  # of its session, in which a service may live for ever.
  while kill -0 "$1" 2>/dev/null; do
    sleep 1 &
    tg_nap=$!
    wait "$tg_nap"
    tg_squeeze
  done
}

if [ "$tg_flock" != - ]; then
  exec 8>>"$tg_base/gate" || exit 77
  "$tg_flock" -w ${GATE_PATIENCE_S} 8 || exit 75
  exec 9>>"$tg_base/lock" || exit 77
  "$tg_flock" -n 9 || exit 75
fi
[ -e "$tg_job/script" ] && exit 0

tg_highest=0
[ -e "$tg_base/fence" ] && read -r tg_highest <"$tg_base/fence"
case $tg_highest in '' | *[!0-9]*) echo "unreadable fence in $tg_base/fence: $tg_highest" >&2; exit 77 ;; esac
[ "$tg_fence" -lt "$tg_highest" ] && exit 76
tg_put "$tg_base/fence" "$tg_fence" || exit 77
tg_put "$tg_base/holder" "$tg_job" || exit 77
[ "$tg_flock" = - ] || exec 8>&-
tg_put "$tg_job/keeper" "$(tg_identity "$$")" || exit 77

tg_woken=0
trap 'tg_woken=1' HUP INT TERM
if [ "$tg_setsid" != - ]; then
  "$tg_setsid" /bin/sh "$0" start "$tg_job" "$@" </dev/null >>"$tg_job/output" 2>&1 &
else
  set -m
  /bin/sh "$0" start "$tg_job" "$@" </dev/null >>"$tg_job/output" 2>&1 &
fi
tg_child=$!
tg_guard "$tg_child" 9>&- &
tg_watcher=$!

while :; do
  tg_woken=0
  wait "$tg_child"
  tg_code=$?
  [ "$tg_woken" = 1 ] && kill -0 "$tg_child" 2>/dev/null || break
done
kill "$tg_watcher" 2>/dev/null
wait "$tg_watcher" 2>/dev/null

read -r tg_owner tg_rest 2>/dev/null <"$tg_job/script" || exit 77
[ "$tg_owner" = "$tg_child" ] || exit 0
[ "$tg_code" = 0 ] || tg_end_session "$tg_child"
tg_squeeze
# On a full disk the draft stays empty: no code is better than a wrong one, and the target is asked what became of it.
printf '%s\n' "$tg_code" >"$tg_job/exit.new" || rm -f "$tg_job/exit.new"
[ "$tg_flock" = - ] || "$tg_flock" -u 9
mv -f "$tg_job/exit.new" "$tg_job/exit"
`.replaceAll(String.raw`\${`, '${');

/**
 * `breaker.sh BASE JOB FLOCK`: gives back the lock of a job whose processes are all gone but whose lock lives on in a
 * process that left its session. The old file is replaced; the gate keeps every runner out meanwhile.
 */
export const BREAKER = String.raw`set -u
exec 8>>"$1/gate" && "$3" 8 || exit 77
read -r tg_holder 2>/dev/null <"$1/holder" || exit 0
[ "$tg_holder" = "$2" ] || exit 0
exec 9>>"$1/lock"
"$3" -n 9 && exit 0
: >"$1/lock.new" && mv -f "$1/lock.new" "$1/lock"
`;
