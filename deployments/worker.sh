#!/bin/sh
# Waits for Prefect's server, registers the deployments, and works on what is asked.
set -eu
cd "$(dirname "$0")/.."
export PREFECT_API_URL="${PREFECT_API_URL:-http://127.0.0.1:4200/api}"
PATH="$PWD/.venv/bin:$PATH"

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

prefect --no-prompt work-pool create cv-dataset-builder --type process --overwrite \
    --base-job-template deployments/pools/process.json
prefect --no-prompt deploy --all
exec prefect worker start --pool cv-dataset-builder --name "$(hostname)"
