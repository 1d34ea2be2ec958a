# Sourced by the other scripts here: where things are, how to speak, which database is in use.
# shellcheck shell=bash

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
checkout="$(cd "$here/../.." && pwd -P)"
local_dir="$checkout/.local"
python="$checkout/.venv/bin/python"

say() { printf '%s\n' "$*" >&2; }
die() { printf 'muchan: %s\n' "$*" >&2; exit 1; }

database_url() {
    if [ -n "${DATABASE_URL:-}" ]; then
        printf '%s\n' "$DATABASE_URL"
    elif [ -s "$local_dir/database.url" ]; then
        cat "$local_dir/database.url"
    else
        die "no database is set up; run 'make run' first, or set DATABASE_URL."
    fi
}

# A process is known by its number and its start time, so that a reused number is never taken for ours.
start_time() { # start_time PID -> clock ticks since boot; fails when there is no such process
    local line
    { line="$(<"/proc/$1/stat")"; } 2>/dev/null || return 1
    line="${line##*) }"
    # The name in brackets may hold blanks; what follows it starts at field 3, start time is field 22.
    set -- $line
    [ "$1" != Z ] || return 1
    printf '%s\n' "${20}"
}

remember() { printf '%s %s\n' "$2" "$(start_time "$2")" >"$local_dir/run/$1.pid"; } # remember NAME PID

ours() { # ours NAME -> prints the number of the process we started under NAME, fails when it is gone
    local pid started
    read -r pid started 2>/dev/null <"$local_dir/run/$1.pid" || return 1
    [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] || return 1
    printf '%s\n' "$pid"
}

end() { # end NAME: asks the process to finish, insists after 20 s
    local pid waited=0
    if pid="$(ours "$1")"; then
        kill -TERM "$pid" 2>/dev/null || true
        while ours "$1" >/dev/null; do
            waited=$((waited + 1))
            # Its own session was made for it, so the group holds nothing but what we started.
            [ $waited -lt 200 ] || { kill -KILL -- "-$pid" 2>/dev/null || true; break; }
            sleep 0.1
        done
    fi
    rm -f -- "$local_dir/run/$1.pid"
}
