#!/usr/bin/env bash
# Writes requirements/*.txt and package-lock.json again: newest versions allowed, hashes, no registry address.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

cd "$checkout/requirements"
for name in bootstrap base dev; do
    "$checkout/.venv/bin/uv" pip compile --quiet --upgrade --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --output-file "$name.txt" "$name.in"
done
cd "$checkout"
npm install --ignore-scripts --package-lock-only
