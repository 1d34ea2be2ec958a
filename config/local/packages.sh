#!/usr/bin/env bash
# Installs what is missing: system packages (apt), the virtual environment, Python and npm packages.
#   packages.sh          what the server and the checks need
#   packages.sh --tests  the same and what browser tests need
# Each part leaves a stamp with the hash of its lock file, so a second run costs nothing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

wanted_packages() {
    local name
    installed postgresql-15-postgis-3 || echo postgresql-15-postgis-3
    # GeoDjango loads these; they come with PostGIS on the same machine but are named for their own sake.
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    # WeasyPrint loads these to write letters, which are in Chinese.
    for name in libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk; do
        installed "$name" || echo "$name"
    done
    if [ "${1:-}" = --tests ]; then
        command -v chromium >/dev/null || echo chromium
        command -v ogr2ogr >/dev/null || echo gdal-bin
    fi
}

system_packages() {
    local -a missing as_root=()
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        die "this set-up installs with apt on Debian 12; elsewhere install PostgreSQL 15 + PostGIS, Python 3.11 and Node.js 18 and use docker-compose.yml or docs/operations.md."
    fi
    mapfile -t missing < <(wanted_packages "${1:-}")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null \
            || die "these system packages are missing and there is no sudo: ask root for 'apt-get install ${missing[*]}'."
        as_root=(sudo)
        # With no terminal a password prompt would wait for ever.
        [ -t 0 ] || sudo -n true 2>/dev/null \
            || die "these system packages are missing and sudo asks for a password: run this in a terminal, or as root 'apt-get install ${missing[*]}'."
    fi
    say "Installing system packages: ${missing[*]}"
    if ! { "${as_root[@]}" apt-get update \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends "${missing[@]}"; } >"$local_dir/log/apt.log" 2>&1; then
        die "apt-get could not install ${missing[*]}; the reason is in .local/log/apt.log."
    fi
}

python_packages() {
    local stamp="$checkout/.venv/.requirements" want interpreter
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        || die "Python 3.11 or newer is needed and 'python3' is not that; install it (Debian 12: apt-get install python3 python3-venv)."
    want="$(cat "$checkout"/requirements/{bootstrap,dev}.txt | sha256sum)"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && [ -x "$python" ]; then return; fi
    say "Installing Python packages"
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        interpreter="$(command -v python3)"
        rm -rf -- "$checkout/.venv"
        "$interpreter" -m venv "$checkout/.venv" || die "a virtual environment could not be made in .venv; is the disk full or the checkout read-only?"
    fi
    if ! { "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$checkout/requirements/bootstrap.txt" \
        && "$checkout/.venv/bin/uv" pip sync --quiet --require-hashes --python "$python" "$checkout/requirements/dev.txt"; } \
        >"$local_dir/log/python.log" 2>&1; then
        die "the Python packages could not be installed; the reason is in .local/log/python.log."
    fi
    printf '%s\n' "$want" >"$stamp"
}

npm_packages() {
    local stamp="$checkout/node_modules/.lock-hash" want
    want="$(cat "$checkout/package-lock.json" "$checkout/package.json" | sha256sum)"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return; fi
    say "Installing npm packages"
    (cd "$checkout" && npm ci --ignore-scripts) >"$local_dir/log/npm.log" 2>&1 \
        || die "the npm packages could not be installed; the reason is in .local/log/npm.log."
    printf '%s\n' "$want" >"$stamp"
}

mkdir -p "$local_dir/log" "$local_dir/run" 2>/dev/null && [ -w "$local_dir/log" ] \
    || die "$local_dir cannot be written; it belongs to another user (see 'ls -ld .local')."
system_packages "${1:-}"
# The two fetch at the same time; each ends with its own sentence.
python_packages & python_job=$!
npm_packages & npm_job=$!
failed=0
wait "$python_job" || failed=1
wait "$npm_job" || failed=1
exit $failed
