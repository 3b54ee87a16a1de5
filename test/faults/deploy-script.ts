/** A service that a good script leaves in a session of its own: it stays, by the script's contract, and holds nothing. */
export const SERVICE = 'sleep 601';

/**
 * The deploy script of every case. It is naive on purpose: each run switches, whatever runs already; that nothing is
 * switched twice is Tidegate's business. It writes down what it does in the effect log, and halts where a case asks it to.
 */
export const DEPLOY_SCRIPT = String.raw`#!/usr/bin/env bash
# Knows --rollback, --check and --status. FOLDER is the case's own; PACE is how long a step takes, in seconds.
set -euo pipefail
: "${'$'}{FOLDER:?}" "${'$'}{TARGET:?}" "${'$'}{PACE:?}"

# time kind environment act deployment fence pid sha
effect() {
  printf '%s %s %s %s %s %s %s %s\n' "$(date +%s%N)" "$1" "$TIDEGATE_ENV" "$act" "$TIDEGATE_DEPLOYMENT_ID" \
    "${'$'}{TIDEGATE_FENCE:-0}" "$$" "$2" >>"$FOLDER/effects"
}

# Waits where the case wants to do something: it made the file, and takes it away when the script may go on.
halt() {
  local at="$FOLDER/halt.$TIDEGATE_ENV.$1"
  [[ -e "$at" ]] || return 0
  : >"$at.reached"
  while [[ -e "$at" ]]; do sleep 0.02; done
}

misbehave() {
  [[ -e misbehaviour && $act == deploy ]] || return 0
  local way
  read -r way <misbehaviour
  case $way in
    exit-*) exit "${'$'}{way#exit-}" ;;
    says-done) exit 0 ;;
    killed-*) kill "-${'$'}{way#killed-}" "$$" ;;
    hangs) sleep 600 ;;
    deaf) trap '' TERM; while :; do sleep 1; done ;;
    daemon) setsid ${SERVICE} >/dev/null 2>&1 & ;;
    noisy) head -c 50000000 /dev/zero | tr '\0' 'x' ;;
    binary) head -c 200000 /dev/urandom; printf '\033[2J\033]0;title\007' ;;
    *) exit 99 ;;
  esac
}

step() {
  halt "before:$1"
  printf 'step %s\n' "$1"
  sleep "$PACE"
  halt "after:$1"
}

# The last instant before the switch: a stale deployment is refused here, by the tool that Tidegate ships.
put() {
  if [[ -n "${'$'}{TIDEGATE_FENCE_TOOL:-}" ]]; then "$TIDEGATE_FENCE_TOOL" -- "$@"; else "$@"; fi
}

switch_to() {
  local sha="$1" version="$2" deployment="$3" broken=false
  if [[ $act == deploy && -e BROKEN ]]; then broken=true; fi
  printf '{"version":"%s","sha":"%s","deployment":"%s","broken":%s}\n' "$version" "$sha" "$deployment" "$broken" \
    >"$TARGET/next.$$"
  put mv -f -- "$TARGET/next.$$" "$TARGET/current"
  effect commit "$sha"
}

deploy() {
  act=deploy
  effect begin "$TIDEGATE_SHA"
  trap 'effect end "$TIDEGATE_SHA"' EXIT
  printf 'the password is %s\n' "$SECRET_TOKEN" >&2
  step build
  step upload
  misbehave
  step migrate
  halt before:switch-intent
  effect intent "$TIDEGATE_SHA"
  halt after:switch-intent
  halt before:switch
  switch_to "$TIDEGATE_SHA" "$TIDEGATE_VERSION" "$TIDEGATE_DEPLOYMENT_ID"
  cp -- "$TARGET/current" "$TARGET/kept.$TIDEGATE_SHA"
  halt after:switch
  printf '::tidegate id=%s platform=files\n' "$TIDEGATE_DEPLOYMENT_ID"
}

field() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" <"$1"; }

roll_back() {
  act=rollback
  version="" sha=""
  while (($# > 0)); do
    case "$1" in
      --to) version="$2" ;;
      --sha) sha="$2" ;;
    esac
    shift 2
  done
  effect begin "$sha"
  trap 'effect end "$sha"' EXIT
  halt before:rollback:switch-back
  effect intent "$sha"
  switch_to "$sha" "$version" "$(field "$TARGET/kept.$sha" deployment)"
  halt after:rollback:switch-back
}

case "${'$'}{1:-}" in
  '') deploy ;;
  --rollback) shift && roll_back "$@" ;;
  --check) : ;;
  --status)
    [[ -e "$TARGET/current" ]] || exit 1
    printf '::tidegate version=%s sha=%s deployment=%s\n' "$(field "$TARGET/current" version)" \
      "$(field "$TARGET/current" sha)" "$(field "$TARGET/current" deployment)"
    ;;
  *) exit 2 ;;
esac
`.replaceAll("${'$'}", '$');
