#!/bin/sh
# Starts Prefect's server, a worker, the reconciler and the dashboard, says where they are, and keeps
# them up until Ctrl-C. Everything they store is in data/.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH
export PREFECT_HOME="${PREFECT_HOME:-${DATA_DIR:-$PWD/data}/prefect}"
export PREFECT_SERVER_ANALYTICS_ENABLED=false
export PREFECT_SERVER_API_PORT="$PREFECT_PORT"
export PREFECT_SERVER_API_HOST="${PREFECT_SERVER_API_HOST:-127.0.0.1}"
case "$PREFECT_SERVER_API_HOST" in
    0.0.0.0) prefect=127.0.0.1 ;;
    ::) prefect="[::1]" ;;
    *:*) prefect="[$PREFECT_SERVER_API_HOST]" ;;
    *) prefect=$PREFECT_SERVER_API_HOST ;;
esac
prefect="http://$prefect:$PREFECT_PORT"
export PREFECT_API_URL="$prefect/api"
if [ -n "${PREFECT_SERVER_API_AUTH_STRING:-}" ]; then
    export PREFECT_API_AUTH_STRING="$PREFECT_SERVER_API_AUTH_STRING"
fi
# A new job begins, and a cancelled one ends, within seconds.
export PREFECT_WORKER_QUERY_SECONDS=2
# A run that waits for another to end is asked for again after these seconds, not after Prefect's 30,
# and not before, as a worker otherwise takes what is due within ten seconds.
export PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS=5
export PREFECT_WORKER_PREFETCH_SECONDS=0

taken() {
    python - "$1" <<'PYTHON'
import socket, sys
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        sys.exit(0)
sys.exit(1)
PYTHON
}

for name in PREFECT_PORT DASHBOARD_PORT; do
    eval "port=\$$name"
    if taken "$port"; then
        echo "Port $port is taken, perhaps by an earlier make up." \
            "Choose another: make up $name=$((port + 100))" >&2
        exit 1
    fi
done
mkdir -p "$PREFECT_HOME"
case $PREFECT_HOME in
    *[?%#]*)  # its database has an address, in which these end the path: a short link stands in
        link="/tmp/cv-dataset-builder-prefect-$(id -u)-$(printf %s "$PREFECT_HOME" | cksum | tr -d ' ')"
        [ -L "$link" ] || ln -s "$PREFECT_HOME" "$link"
        [ "$(readlink "$link")" = "$PREFECT_HOME" ] || { echo "$link is in the way." >&2; exit 1; }
        PREFECT_HOME=$link
        ;;
esac
python flows/prefect_server.py --check
cat >&2 <<TEXT
Dashboard http://127.0.0.1:$DASHBOARD_PORT
Prefect   $prefect
Ctrl-C stops everything; what is under way can be resumed. The logs of all parts follow.
TEXT
exec python -m honcho -f deployments/Procfile start
