#!/usr/bin/env bash
# Runs every test on databases of their own in the cluster in use; arguments go to pytest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

if [ -z "${DATABASE_URL:-}" ] && ! "$here/cluster.sh" status 2>/dev/null; then
    # Nobody else is using it, so it is put back to sleep; silently, the last line belongs to pytest.
    trap '"$here/cluster.sh" stop' EXIT
fi
"$here/database.sh" start
cd "$checkout"
"$python" -m pytest "$@"
