#!/bin/sh
# Copies of what svar keeps, while it runs. docs/operations.md says when, and how they come back.
#
#   deploy/backup.sh state FOLDER TO            a node's state folder: what is in TO is a state folder again
#   deploy/backup.sh redis TO [redis-cli ...]   the append-only file of a Redis on this machine
#   deploy/backup.sh postgresql TO [pg_dump ...]   the call records of all nodes
#
# Needs Python 3, redis-cli and pg_dump, each for what it is about. Passwords: REDISCLI_AUTH, PGPASSWORD or ~/.pgpass.
set -eu
umask 077

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" && exit 2; }

# new TO: a folder that is not there yet.
new() {
  if [ -e "$1" ]; then echo "$1 is there already" >&2 && exit 1; fi
  mkdir -p "$1"
}

# redis TO [redis-cli ...]: no rewrite may begin while its files are copied.
redis() (  # a shell of its own: its `from` and `to` are nobody else's
  to=$1 && shift
  asked() { redis-cli "$@" | tail -n 1; }
  from=$(asked "$@" CONFIG GET dir)/$(asked "$@" CONFIG GET appenddirname)
  usual=$(asked "$@" CONFIG GET auto-aof-rewrite-percentage)
  trap 'redis-cli "$@" CONFIG SET auto-aof-rewrite-percentage "$usual" >/dev/null' EXIT
  redis-cli "$@" CONFIG SET auto-aof-rewrite-percentage 0 >/dev/null
  while redis-cli "$@" INFO persistence | grep -q '^aof_rewrite_\(in_progress\|scheduled\):1'; do sleep 1; done
  cp -R "$from" "$to/"
  redis-cli "$@" CONFIG SET auto-aof-rewrite-percentage "$usual" >/dev/null
  trap - EXIT
)

[ $# -ge 2 ] || usage
verb=$1 && shift
case $verb in
state)
  [ $# = 2 ] || usage
  from=$1 to=$2
  new "$to"
  # Records before events: what happens between the two copies is counted from the events, once.
  if [ -e "$from/records.sqlite" ]; then
    python3 - "$from/records.sqlite" "$to/records.sqlite" <<'PY'
import sqlite3, sys
kept, copy = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True), sqlite3.connect(sys.argv[2])
kept.backup(copy)
sys.exit(0 if copy.execute("PRAGMA integrity_check").fetchone() == ("ok",) else "the copy of the records is damaged")
PY
  fi
  if [ -e "$from/redis/address" ]; then
    mkdir "$to/redis"
    redis "$to/redis" -s "$(sed 's,^unix://,,' "$from/redis/address")"
  elif [ -d "$from/redis/appendonlydir" ]; then  # the node stands still
    mkdir "$to/redis"
    cp -R "$from/redis/appendonlydir" "$to/redis/"
  fi
  for one in "$from"/agents*.json "$from"/users*.json "$from"/*.key "$from"/*.password "$from"/voicemail "$from"/events.spool*; do
    if [ -e "$one" ]; then cp -R "$one" "$to/"; fi
  done ;;
redis)
  to=$1 && new "$to"
  redis "$@" ;;
postgresql)
  to=$1 && shift && new "$to"
  pg_dump --format=custom --file="$to/records.dump" "$@" ;;
*) usage ;;
esac
