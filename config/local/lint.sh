#!/usr/bin/env bash
# Every check that needs no database; all of them run, the exit code tells whether one failed.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"
cd "$checkout" || exit 1
bin="$checkout/.venv/bin"
failed=()
# The settings want an address; nothing here connects to it.
export DATABASE_URL="${DATABASE_URL:-postgresql://lint@/lint?host=/nonexistent}"

check() { # check NAME COMMAND…
    local name="$1" output
    shift
    if output="$("$@" 2>&1)"; then
        say "ok      $name"
    else
        say "FAILED  $name"
        say "$output"
        failed+=("$name")
    fi
}

no_psycopg3() {
    ! "$python" -c 'import psycopg' 2>/dev/null && return
    echo "psycopg (3) can be imported and Django would switch to it; find what requires it and remove it."
    return 1
}

no_registry_address() {
    local hits
    # Written in pieces, so that this file does not find itself.
    hits="$(git grep -nIE "pyp[i][.]o[r]g|files[.]pythonh[o]sted|registry[.]np[m]js|registry[.]y[a]rnpkg|deb[.]deb[i]an[.]org|/wo""rk/|\"resolved\":|--(extra-)?index-url|--find-links" \
        -- . ':!config/local/lint.sh')"
    [ -z "$hits" ] && return
    echo "Lock files and sources name no registry and no machine's path:"
    echo "$hits"
    return 1
}

compose_file() {
    POSTGRES_PASSWORD=x MUCHAN_SECRET_KEY=x MUCHAN_ALLOWED_HOSTS=x \
        "$bin/docker-compose" --file docker-compose.yml config --quiet
}

missing_migrations() { "$python" -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run; }

templates() {
    local -a files
    mapfile -t files < <(git ls-files '*/templates/*.html')
    [ ${#files[@]} -eq 0 ] || "$bin/djlint" --quiet --lint "${files[@]}"
}

translations() {
    "$python" - locale/*/LC_MESSAGES/*.po <<'PYTHON'
import re
import sys

import polib


def names(text):
    return set(re.findall(r"%\((\w+)\)|{(\w+)}", text))


def faulty(entry):
    said = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
    return (
        not entry.translated()
        or entry.fuzzy
        # gettext's own compiler refuses a former plural without a former singular.
        or entry.previous_msgid_plural
        or any(names(each) - names(entry.msgid) for each in said)
    )


bad = [
    f"{path}: {entry.msgid[:60]}"
    for path in sys.argv[1:]
    for entry in polib.pofile(path)
    if not entry.obsolete and faulty(entry)
]
sys.exit("\n".join(bad) or None)
PYTHON
}

shell_scripts() {
    local file
    for file in config/local/*.sh .ci/run; do bash -n "$file" || return 1; done
}

check "ruff check" "$bin/ruff" check .
check "ruff format" "$bin/ruff" format --check .
check "djlint" templates
check "mypy" "$bin/mypy"
check "import-linter" "$bin/lint-imports"
check "django check" "$python" manage.py check
check "missing migrations" missing_migrations
check "translations" translations
check "psycopg 3 absent" no_psycopg3
check "docker-compose.yml" compose_file
check "no registry address" no_registry_address
check "shell syntax" shell_scripts

if [ ${#failed[@]} -gt 0 ]; then
    say "lint: failed: $(IFS=,; echo "${failed[*]}")"
    exit 1
fi
say "lint: all checks passed"
