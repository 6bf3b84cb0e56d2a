#!/bin/sh
# Installs what the project needs and says in a sentence what it cannot: `packages` makes .venv with
# everything in constraints.txt, `browser` finds Chrome or Chromium with its driver, or installs it,
# `node_packages` makes node_modules, which only the checks of the page need, and installs Node.js if
# there is none.
set -eu

log=.venv/install.log

fail() {
    echo "$*" >&2
    exit 1
}

packages() {
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "Python 3.11 or newer is needed: name it with PYTHON=/path/to/python3 make …"
    if [ ! -x .venv/bin/pip ]; then
        rm -rf .venv
        "$PYTHON" -m venv .venv || fail "Python's venv module is needed (Debian: apt install python3-venv)."
    fi
    echo "Installing packages into .venv (once; about a minute)…" >&2
    # torch first and by itself: reached through another package it may come as another build.
    .venv/bin/python -m pip install -q -c constraints.txt torch >"$log" 2>&1 && project >>"$log" 2>&1 ||
        fail "The packages cannot be installed; the last lines of $log:
$(tail -n 3 "$log")"
}

# The project itself stays where it is. setuptools takes a $ in the path of .venv for a variable: there
# a wheel of what is said of the project is made elsewhere, and the path stands beside it.
project() {
    case $PWD in
    *\$*) about=$(mktemp -d) ;;
    *)
        .venv/bin/python -m pip install -q -c constraints.txt -e '.[dev]'
        return
        ;;
    esac
    cp pyproject.toml README.md LICENSE "$about" &&
        "$PYTHON" -m venv "$about/venv" &&
        "$about/venv/bin/python" -m pip wheel -q --no-deps -w "$about/wheel" "$about" &&
        .venv/bin/python -m pip install -q -c constraints.txt "$(echo "$about"/wheel/*.whl)[dev]" &&
        printf '%s\n' "$PWD" >"$(echo .venv/lib/python3*/site-packages)/cv_dataset_builder.pth" &&
        rm -r "$about"
}

find_first() {
    for name in "$@"; do
        command -v "$name" && return 0
    done
    return 1
}

has_browser() {
    [ -n "${CHROME_BINARY:-}" ] && return 0
    [ -d "/Applications/Google Chrome.app" ] && return 0  # its driver comes with webdriver-manager
    find_first google-chrome google-chrome-stable >/dev/null && return 0
    find_first chromium chromium-browser >/dev/null && find_first chromedriver >/dev/null
}

# Installs Debian packages: what they are to people, how to get it otherwise, and their names.
apt_install() {
    what=$1 hint=$2
    shift 2
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    command -v apt-get >/dev/null || fail "No $what is here, and no apt-get. $hint"
    [ -z "$as_root" ] || sudo -n true 2>/dev/null ||
        fail "No $what is here, and installing it takes root. $hint"
    echo "Installing $what (once)…" >&2
    log=$(mktemp)
    { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends "$@"; } >"$log" 2>&1 ||
        fail "$what cannot be installed. $hint The last lines of $log:
$(tail -n 3 "$log")"
    rm -f "$log"
}

browser() {
    has_browser && return 0
    apt_install "Chrome or Chromium" \
        "Install Chrome or Chromium with its driver (Debian: apt install chromium chromium-driver)." \
        chromium chromium-driver
}

has_node() {
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);' 2>/dev/null
}

node_packages() {
    hint="Install Node.js 20.19 or newer with npm (Debian 13: apt install nodejs npm)."
    command -v npm >/dev/null || apt_install "Node.js with npm" "$hint" nodejs npm
    has_node || fail "Node.js $(node --version 2>/dev/null) is too old. $hint"
    echo "Installing packages into node_modules (once)…" >&2
    log=$(mktemp)
    npm ci >"$log" 2>&1 || fail "The packages cannot be installed; the last lines of npm's output:
$(tail -n 3 "$log")"
    rm -f "$log"
}

"$1"
