#!/usr/bin/env bash
# Removes the private database and everything kept in .local, after asking (YES=1 skips the question).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

if [ "${YES:-}" != 1 ]; then
    [ -t 0 ] || die "this removes the private database for good; to confirm without a terminal run 'make reset YES=1'."
    read -r -p "Remove the private database and the demo data of $checkout? [y/N] " answer
    [ "$answer" = y ] || [ "$answer" = Y ] || die "nothing was removed."
fi
"$here/serve.sh" stop
if [ -x /usr/lib/postgresql/15/bin/pg_ctl ]; then env -u DATABASE_URL "$here/cluster.sh" destroy; fi
rm -rf -- "$local_dir"
say "Removed.  'make run' builds everything again."
[ -z "${DATABASE_URL:-}" ] || say "The database of DATABASE_URL was left as it is."
