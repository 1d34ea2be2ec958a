#!/usr/bin/env bash
# Brings the database in use to the state the code expects.
#   database.sh start     start the private cluster unless DATABASE_URL is set
#   database.sh prepare   migrate, load fixtures, build the demo city when there is no data
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

start() { [ -n "${DATABASE_URL:-}" ] || "$here/cluster.sh" start; }

# The accounts' password: DEMO_PASSWORD, else the one made for this checkout.
demo_password() {
    if [ -n "${DEMO_PASSWORD:-}" ]; then printf '%s\n' "$DEMO_PASSWORD"; return; fi
    if [ ! -s "$local_dir/demo_password" ]; then
        (umask 077 && "$python" -c 'import secrets; print("-".join(secrets.token_hex(2) for _ in range(4)))' >"$local_dir/demo_password")
    fi
    cat "$local_dir/demo_password"
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
    if [ "$empty" = t ]; then
        say "Building the demo city (a minute or two, once)"
        DEMO_PASSWORD="$(demo_password)" MUCHAN_DEMO=1 "$python" manage.py seed_demo --verbosity 0 >&2
    fi
}

case "${1:-}" in
    start | prepare | demo_password) "$1" ;;
    url) database_url ;;
    *) die "usage: database.sh start|prepare|demo_password|url" ;;
esac
