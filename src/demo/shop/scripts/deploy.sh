#!/usr/bin/env bash
# Puts this checkout on the host, all at once, as Tidegate's script contract asks:
#   deploy.sh                                  deploy TIDEGATE_SHA
#   deploy.sh --rollback --to VERSION --sha S  bring a kept build back
#   deploy.sh --check                          can the previous build boot? changes nothing
#   deploy.sh --status                         what runs now
# The environment file gives PORT, TARGET (a folder of ours on this host) and SHOP_ENV.
set -euo pipefail

: "${PORT:?}" "${TARGET:?}" "${SHOP_ENV:?}"
[[ "$TARGET" == /* ]] || { printf 'deploy.sh: TARGET is an absolute path\n' >&2; exit 2; }
export PORT
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
pid_file="$TARGET/shop.pid"
current_file="$TARGET/current"
log_file="$TARGET/shop.log"

say() { printf '%s\n' "$*"; }
fail() {
  printf 'deploy.sh: %s\n' "$2" >&2
  exit "$1"
}

need_sha() { [[ "$1" =~ ^[0-9a-f]{7,64}$ ]] || fail 2 "'$1' is not a commit"; }
need_word() { [[ "$1" =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ ]] || fail 2 "'$1' is not a version or an id"; }
build_of() { printf '%s/builds/%s' "$TARGET" "$1"; }

# Replaces a small file in one step, so that no reader ever sees half of it.
write_file() {
  printf '%s\n' "$2" >"$1.new"
  mv -f -- "$1.new" "$1"
}

# The command line of a process; systems without /proc have ps.
command_of() { if [[ -d /proc/self ]]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -o args= -p "$1"; fi; }

# Sets `pid` and `running` (its commit) if the shop is alive and really ours: pids are used again by strangers.
find_running() {
  local command
  pid="$(cat -- "$pid_file" 2>/dev/null)" || return 1
  [[ "$pid" =~ ^[0-9]+$ ]] || return 1
  command="$(command_of "$pid" 2>/dev/null)" || return 1
  running="${command#*"$TARGET/builds/"}"
  [[ "$running" != "$command" ]] || return 1
  running="${running%%/*}"
}

get() { node "$here/scripts/get.js" "$1"; }

# Whether our shop runs and answers as this very deployment of this commit.
serves() {
  local version pid running
  find_running && [[ "$running" == "$1" ]] || return 1
  version="$(get /api/version 2>/dev/null)" || return 1
  [[ "$version" == *"\"sha\":\"$1\""* && "$version" == *"\"deployment\":\"$2\""* ]]
}

stop() {
  local pid running
  find_running || return 0
  say "stopping process $pid"
  kill -TERM "$pid" 2>/dev/null || true
  for _ in {1..50}; do
    find_running || return 0
    sleep 0.1
  done
  say "process $pid does not leave, killing it"
  kill -KILL "$pid" 2>/dev/null || true
  sleep 0.2
}

# Starts a build as a daemon of its own session, with nothing of ours but its three settings.
start() {
  local build="$1" detach=(nohup)
  if command -v setsid >/dev/null; then detach=(setsid); fi
  (
    # A daemon that keeps the environment's lock open would hold it for ever.
    exec 9>&-
    if [[ "${TIDEGATE_LOCK_FD:-}" =~ ^[0-9]+$ ]]; then eval "exec ${TIDEGATE_LOCK_FD}>&-"; fi
    cd -- "$build"
    exec "${detach[@]}" env -i "PATH=$PATH" "PORT=$PORT" "SHOP_ENV=$SHOP_ENV" \
      node "$build/src/server.js" </dev/null >>"$log_file" 2>&1
  ) &
  write_file "$pid_file" "$!"
}

# Stops what runs, starts a build, and waits until that build answers.
switch_to() {
  local sha="$1" deployment="$2" build
  build="$(build_of "$sha")"
  stop
  say "starting $sha on port $PORT"
  start "$build"
  for _ in {1..60}; do
    if get /health >/dev/null 2>&1 && serves "$sha" "$deployment"; then
      write_file "$current_file" "$sha"
      say "the shop is open"
      return 0
    fi
    sleep 0.2
  done
  tail -n 20 -- "$log_file" >&2 || true
  fail 1 "the shop did not open on port $PORT with $sha; see $log_file"
}

# Copies this checkout to builds/SHA, whole or not at all, and writes down which deployment it belongs to.
install_build() {
  local sha="$1" version="$2" deployment="$3" build
  build="$(build_of "$sha")"
  mkdir -p -- "$TARGET/builds"
  if [[ ! -d "$build" ]]; then
    rm -rf -- "$build.new"
    cp -R -- "$here" "$build.new"
    rm -rf -- "$build.new/.git"
    mv -- "$build.new" "$build"
  fi
  write_file "$build/release.json" "{\"version\":\"$version\",\"sha\":\"$sha\",\"deployment\":\"$deployment\"}"
}

deploy() {
  local sha="${TIDEGATE_SHA:?}" version="${TIDEGATE_VERSION:?}" deployment="${TIDEGATE_DEPLOYMENT_ID:?}"
  need_sha "$sha" && need_word "$version" && need_word "$deployment"
  if serves "$sha" "$deployment"; then
    say "$deployment is already there"
  else
    say "putting $version ($sha) on $SHOP_ENV as $deployment"
    install_build "$sha" "$version" "$deployment"
    switch_to "$sha" "$deployment"
  fi
  say "::tidegate id=$deployment url=http://127.0.0.1:$PORT platform=process"
}

# The deployment that a kept build was put there by.
deployment_of() { sed -n 's/.*"deployment":"\([^"]*\)".*/\1/p' <"$(build_of "$1")/release.json"; }

roll_back() {
  local version="" sha="" deployment
  while (($# > 0)); do
    case "$1" in
      --to) version="${2:?}" ;;
      --sha) sha="${2:?}" ;;
      *) fail 2 "unknown argument '$1'" ;;
    esac
    shift 2
  done
  need_word "$version" && need_sha "$sha"
  [[ -f "$(build_of "$sha")/release.json" ]] || fail 3 "the build of $version ($sha) is not kept on this host"
  deployment="$(deployment_of "$sha")"
  if serves "$sha" "$deployment"; then
    say "$version is already back"
  else
    say "bringing $version ($sha) back"
    switch_to "$sha" "$deployment"
  fi
  say "::tidegate id=$deployment url=http://127.0.0.1:$PORT platform=process"
}

check() {
  local sha="${TIDEGATE_PREVIOUS_SHA:-}"
  if [[ -z "$sha" ]]; then
    say "nothing runs here yet, so there is nothing to go back to"
    return 0
  fi
  need_sha "$sha"
  [[ -f "$(build_of "$sha")/release.json" ]] || fail 3 "the previous build $sha is not kept on this host"
  node "$(build_of "$sha")/src/server.js" --check
  say "the previous build $sha is here and boots"
}

status() {
  local pid running
  find_running || fail 1 "no shop of $TARGET runs"
  sed 's/[{}"]//g; s/:/=/g; s/,/ /g; s/^/::tidegate /' <"$(build_of "$running")/release.json"
}

case "${1:-}" in
  '') deploy ;;
  --rollback) shift && roll_back "$@" ;;
  --check) check ;;
  --status) status ;;
  *) fail 2 "unknown argument '$1'; this script deploys all at once: no argument, --rollback, --check or --status" ;;
esac
