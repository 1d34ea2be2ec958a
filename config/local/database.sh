#!/usr/bin/env bash
# Brings the database in use to the state the code expects.
#   database.sh start     start the private cluster unless DATABASE_URL is set
#   database.sh prepare   migrate, load fixtures, build the demo city when there is no data
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

start() { [ -n "${DATABASE_URL:-}" ] || "$here/cluster.sh" start; }

# The demo accounts' password is DEMO_PASSWORD, else the one made for this checkout; .local/demo_password holds the
# one they have.
set_up_demo() { # set_up_demo EMPTY
    local kept="$local_dir/demo_password" wanted="${DEMO_PASSWORD:-}"
    [ -n "$wanted" ] || wanted="$(cat "$kept" 2>/dev/null || true)"
    [ -n "$wanted" ] || wanted="$("$python" -c 'import secrets; print("-".join(secrets.token_hex(2) for _ in range(4)))')"
    export DEMO_PASSWORD="$wanted" MUCHAN_DEMO=1
    if [ "$1" = t ]; then
        say "Building the demo city (a minute or two, once)"
        "$python" manage.py seed_demo --verbosity 0 >&2
    elif [ "$(cat "$kept" 2>/dev/null)" = "$wanted" ]; then
        return
    elif ! "$python" manage.py demo_password >"$local_dir/log/demo_password.log" 2>&1; then
        # Data of somebody's own, without demo accounts: nothing to sign in with that we could print.
        rm -f -- "$kept"
        return
    fi
    (umask 077 && printf '%s\n' "$wanted" >"$kept")
}

prepare() {
    local empty
    cd "$checkout"
    "$python" manage.py migrate --verbosity 0
    "$python" manage.py load_fixtures --verbosity 0
    # Any zone, tract, plot or enterprise is data of somebody's; the demo city comes only where there is none.
    empty="$(psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$(database_url)" -c "
        select not (exists (select from zones_zone) or exists (select from redline_tract)
                 or exists (select from plots_plot) or exists (select from enterprises_enterprise))")"
    set_up_demo "$empty"
}

case "${1:-}" in
    start | prepare) "$1" ;;
    url) database_url ;;
    *) die "usage: database.sh start|prepare|url" ;;
esac
