#!/usr/bin/env bash
# Starts and stops the web server and the background worker of this checkout.
#   serve.sh run     start both, wait until ready, print the address; Ctrl-C stops (DETACH=1: return when ready)
#   serve.sh stop    stop both and the private cluster
# PORT (8000) is the port on 127.0.0.1.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

port="${PORT:-8000}"
address="http://127.0.0.1:$port"

check_port() {
    [[ "$port" =~ ^[0-9]{1,5}$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] \
        || die "PORT is '$port'; give a number from 1 to 65535."
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        die "port $port is taken by another program; choose another one: make run PORT=$((port + 1))."
    fi
}

# Collected again only when a static file or the list of them changed.
static_files() {
    local stamp="$local_dir/static.stamp" want
    [ "${MUCHAN_DEBUG:-0}" = 1 ] && return
    want="$( (cd "$checkout" && find config core parks landuse efficiency -path '*/static/*' -type f -printf '%p %s %T@\n' \
        && cat package-lock.json config/npm_assets.py config/static_storage.py) | sort | sha256sum)"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && [ -e "$local_dir/static/staticfiles.json" ]; then return; fi
    "$python" manage.py collectstatic --noinput --clear --verbosity 0 >"$local_dir/log/static.log" 2>&1 \
        || die "the static files could not be collected; the reason is in .local/log/static.log."
    printf '%s\n' "$want" >"$stamp"
}

messages() {
    local source compiled
    for source in "$checkout"/locale/*/LC_MESSAGES/*.po; do
        [ -e "$source" ] || continue
        compiled="${source%.po}.mo"
        [ "$compiled" -nt "$source" ] || "$python" -c 'import polib, sys; polib.pofile(sys.argv[1]).save_as_mofile(sys.argv[2])' "$source" "$compiled"
    done
}

launch() { # launch NAME COMMAND…
    local name="$1"
    shift
    # A session of its own: Ctrl-C reaches this script alone, which then stops both in order.
    setsid "$@" >>"$local_dir/log/$name.log" 2>&1 </dev/null &
    remember "$name" $!
}

wait_ready() {
    local waited=0 name
    until "$python" - "$address/readyz" <<'PYTHON' 2>"$local_dir/run/ready.answer"; do
import sys, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    opener.open(sys.argv[1], timeout=5)
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
except OSError as error:
    sys.exit(str(error))
PYTHON
        for name in web worker; do
            ours "$name" >/dev/null || die "the $name process ended; the last lines of .local/log/$name.log: $(tail -n 5 "$local_dir/log/$name.log")"
        done
        waited=$((waited + 1))
        [ $waited -lt 150 ] || die "not ready after a minute: $(cat "$local_dir/run/ready.answer"); see .local/log/web.log and .local/log/worker.log."
        sleep 0.3
    done
}

stop_processes() { end web; end worker; }

stop() {
    stop_processes
    if [ -z "${DATABASE_URL:-}" ] && [ -x /usr/lib/postgresql/15/bin/pg_ctl ]; then "$here/cluster.sh" stop; fi
}

# Whatever this run started and nothing else.
clean_up() {
    trap - EXIT INT TERM HUP
    stop_processes
    if [ "$cluster_was_up" = no ]; then "$here/cluster.sh" stop || true; fi
}

announce() {
    printf '\n  Muchan 亩产  %s\n\n' "$address"
    [ ! -s "$local_dir/demo_password" ] || cat <<TEXT
  Demo accounts, all with the password  $(cat "$local_dir/demo_password")
    planner.city    自然资源局（市）     planner.nanhai   自然资源局（区）   reviewer.city  审核
    monitor.city    监测（市）           monitor.nanhai   监测（区）         parks.city     工信
    head.nanhai     区领导               ent.1 …          企业               auditor        审计
    sysadmin        系统管理员           districts: chancheng nanhai shunde gaoming sanshui

TEXT
    if [ "${DETACH:-}" = 1 ]; then echo "  Running in the background; 'make stop' stops it."; else echo "  Ctrl-C stops it."; fi
}

run() {
    cd "$checkout"
    mkdir -p "$local_dir/log" "$local_dir/run"
    # A server of ours on the same port makes room; one on another port is stopped only once the new port is known good.
    if ours web >/dev/null && [ "$(cat "$local_dir/run/port" 2>/dev/null)" = "$port" ]; then stop_processes; fi
    check_port
    stop_processes
    printf '%s\n' "$port" >"$local_dir/run/port"
    cluster_was_up=yes
    if [ -z "${DATABASE_URL:-}" ] && ! "$here/cluster.sh" status 2>/dev/null; then cluster_was_up=no; fi
    trap clean_up EXIT
    trap 'exit 0' INT TERM HUP
    "$here/database.sh" start
    export MUCHAN_HTTPS="${MUCHAN_HTTPS:-0}" MUCHAN_DEMO="${MUCHAN_DEMO:-1}"
    "$here/database.sh" prepare
    messages
    static_files
    : >"$local_dir/log/web.log"
    : >"$local_dir/log/worker.log"
    launch worker "$python" manage.py worker
    launch web "$checkout/.venv/bin/gunicorn" --config config/server.py --bind "127.0.0.1:$port" config.wsgi
    wait_ready
    announce
    if [ "${DETACH:-}" = 1 ]; then
        trap - EXIT INT TERM HUP
        return
    fi
    wait -n || true
    die "one of the two processes ended; see .local/log/web.log and .local/log/worker.log."
}

case "${1:-}" in
    run | stop) "$1" ;;
    *) die "usage: serve.sh run|stop" ;;
esac
