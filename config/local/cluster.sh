#!/usr/bin/env bash
# The private PostgreSQL 15 + PostGIS cluster of this checkout, reached over a unix socket only.
#
#   cluster.sh start     create it when missing, start it, write .local/database.url
#   cluster.sh stop      stop it (data stays)
#   cluster.sh destroy   stop it and remove its data
#   cluster.sh url       print its address
#   cluster.sh status    exit 0 when it answers
#
# initdb, postgres and pg_ctl refuse root, so root works through the system user "postgres" and keeps the data
# under /var/lib, which that user can enter; anybody else runs the cluster as themselves.  Names come from a
# hash of the checkout's path: two checkouts, or a system PostgreSQL on 5432, never meet.
# Whoever may enter the socket directory (mode 0700) may connect: that is the whole access rule (auth "trust").
set -euo pipefail

checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
hash="$(printf '%s' "$checkout" | sha256sum | cut -c1-10)"
port=$((20000 + 16#${hash:0:4} % 10000))
url_file="$checkout/.local/database.url"
name=muchan

die() { printf 'cluster: %s\n' "$*" >&2; exit 1; }

if [ "$(id -u)" = 0 ]; then
    base="/var/lib/muchan/$hash"
else
    base="${XDG_DATA_HOME:-$HOME/.local/share}/muchan/$hash"
fi
data="$base/data"
log="$base/postgresql.log"
sockets="$base/s"
# sockaddr_un holds 107 bytes; a long home directory needs a shorter place for the socket.
if [ ${#sockets} -gt 85 ]; then
    sockets="/tmp/muchan-$(id -u)-$hash"
fi
url="postgresql://$name@/$name?host=$sockets&port=$port"

find_bin() {
    local candidate
    for candidate in /usr/lib/postgresql/15/bin /usr/lib/postgresql/1[6-9]/bin; do
        if [ -x "$candidate/initdb" ]; then bin="$candidate"; return; fi
    done
    die "PostgreSQL 15 or newer is not installed; run 'apt-get install postgresql-15-postgis-3' (or set DATABASE_URL to a server you have)."
}

as_owner() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

running() { [ -f "$data/PG_VERSION" ] && as_owner "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; }

query() { # query DATABASE SQL
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U "$name" -d "$1" -c "$2"
}

# The owner is created once; the mode is restored on every start because it is the access rule.
make_directories() {
    mkdir -p "$base" "$sockets"
    [ -O "$base" ] || [ "$(id -u)" = 0 ] || die "$base belongs to somebody else; remove it or run as its owner."
    [ -O "$sockets" ] || [ "$(id -u)" = 0 ] || die "$sockets belongs to somebody else; remove it or run as its owner."
    if [ "$(id -u)" = 0 ]; then
        chmod 0755 /var/lib/muchan
        chown postgres: "$base" "$sockets"
    fi
    chmod 0700 "$base" "$sockets"
}

write_settings() {
    local memory_mb shared_mb
    memory_mb=$(($(awk '/^MemTotal:/ {print $2}' /proc/meminfo) / 1024))
    shared_mb=$((memory_mb / 8))
    [ $shared_mb -gt 2048 ] && shared_mb=2048
    [ $shared_mb -lt 128 ] && shared_mb=128
    as_owner tee "$data/muchan.conf" >/dev/null <<CONF
listen_addresses = ''
port = $port
unix_socket_directories = '$sockets'
unix_socket_permissions = 0700
shared_buffers = ${shared_mb}MB
effective_cache_size = $((memory_mb / 2))MB
work_mem = 64MB
maintenance_work_mem = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_compression = lz4
random_page_cost = 1.1
effective_io_concurrency = 100
jit = off
max_connections = 100
max_locks_per_transaction = 256
timezone = 'Asia/Shanghai'
log_timezone = 'Asia/Shanghai'
log_min_duration_statement = 2s
fsync = on
CONF
}

create() {
    # A half-made cluster (initdb interrupted) has no marker file; it holds nothing and is made again.
    if [ -e "$data" ] && [ ! -e "$base/ready" ]; then
        as_owner "$bin/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 || true
        rm -rf -- "$data"
    fi
    [ -e "$base/ready" ] && return
    as_owner "$bin/initdb" -D "$data" -U "$name" --auth=trust --encoding=UTF8 --locale=C.UTF-8 >"$base/initdb.log" 2>&1 \
        || die "initdb failed; see $base/initdb.log"
    as_owner tee -a "$data/postgresql.conf" >/dev/null <<<"include 'muchan.conf'"
}

fill() {
    # In template1, so that every database made later (the tests' too) has them without waiting.
    query template1 'create extension if not exists postgis; create extension if not exists btree_gist;' \
        || die "PostGIS is missing from PostgreSQL $(basename "$(dirname "$bin")"); run 'apt-get install postgresql-15-postgis-3'."
    [ "$(query postgres "select count(*) from pg_database where datname = '$name'")" = 1 ] \
        || query postgres "create database $name"
    as_owner touch "$base/ready"
}

start() {
    find_bin
    command -v psql >/dev/null || die "psql is not installed; run 'apt-get install postgresql-client-15'."
    make_directories
    mkdir -p "$checkout/.local"
    exec 9>"$base/lock"
    flock 9
    create
    if ! running; then
        write_settings
        as_owner "$bin/pg_ctl" -D "$data" -l "$log" -w -t 60 start >/dev/null 9>&- \
            || die "PostgreSQL did not start; the last lines of $log: $(tail -n 3 "$log" 2>/dev/null | tr '\n' ' ')"
    fi
    [ -e "$base/ready" ] || fill
    if [ "$(cat "$url_file" 2>/dev/null)" != "$url" ]; then
        printf '%s\n' "$url" >"$url_file" || die "cannot write $url_file; it belongs to another user."
    fi
}

stop() {
    find_bin
    if running; then
        as_owner "$bin/pg_ctl" -D "$data" -m fast -w -t 60 stop >/dev/null || die "PostgreSQL did not stop; see $log"
    fi
}

destroy() {
    if [ -e "$data" ]; then stop; fi
    rm -rf -- "$base" "$sockets"
    if [ "$(cat "$url_file" 2>/dev/null)" = "$url" ]; then rm -f -- "$url_file"; fi
}

# pg_ctl warns when the working directory is one that "postgres" may not enter.
cd /
case "${1:-}" in
    start | stop | destroy) "$1" ;;
    url) printf '%s\n' "$url" ;;
    status) find_bin; running ;;
    *) die "usage: cluster.sh start|stop|destroy|url|status" ;;
esac
