#!/bin/sh
# when_up.sh PROGRAM…: waits for Prefect's server, at PREFECT_API_URL, and becomes the program.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH PREFECT_API_URL="${PREFECT_API_URL:-http://127.0.0.1:4200/api}"

python - <<'PYTHON'
import os, time, urllib.request

deadline = time.monotonic() + 120
while True:
    try:
        urllib.request.urlopen(os.environ["PREFECT_API_URL"] + "/health", timeout=5)
        break
    except OSError:
        if time.monotonic() > deadline:
            raise SystemExit(f"No Prefect server answers at {os.environ['PREFECT_API_URL']}.")
        time.sleep(0.5)
PYTHON
exec "$@"
