#!/bin/sh
# Makes the cluster on the first start, then becomes the server.  POSTGRES_PASSWORD is that of the role "muchan".
set -eu
data=/var/lib/postgresql/muchan

if [ ! -e "$data/ready" ]; then
    : "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}"
    rm -rf "$data"
    secret="$(mktemp)"
    printf '%s' "$POSTGRES_PASSWORD" >"$secret"
    initdb --pgdata="$data" --username=muchan --pwfile="$secret" \
        --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
    rm -f "$secret"
    # Inside the container "postgres" is the superuser, through the socket alone.
    printf 'local all all peer map=owner\nhost all all all scram-sha-256\n' >"$data/pg_hba.conf"
    printf 'owner postgres muchan\n' >"$data/pg_ident.conf"
    pg_ctl --pgdata="$data" --wait --options="-c listen_addresses=''" start
    psql -X -v ON_ERROR_STOP=1 -U muchan -d template1 -c 'create extension postgis; create extension btree_gist'
    psql -X -v ON_ERROR_STOP=1 -U muchan -d postgres -c 'create database muchan'
    pg_ctl --pgdata="$data" --wait stop
    touch "$data/ready"
fi

exec postgres -D "$data" -c listen_addresses='*' -c timezone=Asia/Shanghai -c jit=off -c random_page_cost=1.1 \
    -c shared_buffers="${POSTGRES_SHARED_BUFFERS:-512MB}" -c work_mem=64MB -c maintenance_work_mem=512MB \
    -c max_wal_size=4GB -c max_locks_per_transaction=256
