#!/bin/sh
# Registers the work pool and the deployments with Prefect's server, and works on what is asked.
set -eu

# What Prefect says of a success is how to start a worker, which is done here.
quietly() {
    said=$("$@" 2>&1) || {
        echo "$said" >&2
        exit 1
    }
}

quietly python -m prefect --no-prompt work-pool create cv-dataset-builder --type process --overwrite \
    --base-job-template deployments/pools/process.json
quietly python -m prefect --no-prompt deploy --all
# No more at a time than a deployment may have: a worker with room to spare would ask again and again
# for a run that waits, with a line in its log each time.
exec python -m prefect worker start --pool cv-dataset-builder --name "$(hostname)" --limit 2
