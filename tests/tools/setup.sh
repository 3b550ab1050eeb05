#!/usr/bin/env bash
# Makes .venv/ with every tool of the project, from requirements-dev.txt and constraints.txt.
# Says nothing and returns at once when .venv/ is up to date. Speaks on stderr only.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
stamp=.venv/stamp
wanted=$(cat requirements-dev.txt constraints.txt tests/tools/setup.sh <(pwd -P) | sha256sum)

if [[ -x .venv/bin/python && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi
exec >&2

fail() {
    echo "setup: $*"
    exit 1
}

missing=()
need() { # need <package> <command…>: notes the Debian package when the command does not succeed
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
need git git --version
need nftables nft --version
need openssh-client ssh -V
need shellcheck shellcheck --version
need python3-venv "$python" -c "import ensurepip, venv"

if ((${#missing[@]})); then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        fail "these Debian packages are missing: ${missing[*]}. Install them, then run make setup again."
    fi
    echo "setup: installing Debian packages: ${missing[*]}"
    log=$(mktemp)
    if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
        >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log"
        fail "apt-get could not install ${missing[*]}. The whole log is $log."
    fi
    rm -f "$log"
fi

"$python" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" ||
    fail "$python is $("$python" -V 2>&1); Python 3.11, 3.12 or 3.13 is needed. Name one with make setup PYTHON=/path/to/python3.11."

started=$SECONDS
rm -f "$stamp"
# Made anew when there is none, when its installation was broken off, when the checkout was moved, and for another Python.
if [[ -e .venv/incomplete ]] || ! grep -qsF "$(pwd -P)/.venv/bin/python" .venv/bin/pip ||
    [[ $(.venv/bin/python -V) != "$("$python" -V)" ]]; then
    "$python" -m venv --clear .venv
fi
touch .venv/incomplete # until pip has ended well: a broken-off installation is not trusted again
echo "setup: installing $(grep -c == constraints.txt) Python packages into .venv (two to five minutes the first time)"
.venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off --root-user-action ignore \
    -r requirements-dev.txt -c constraints.txt >.venv/setup.log 2>&1 </dev/null &
pip=$!
trap 'kill "$pip" 2>/dev/null' EXIT
while kill -0 "$pip" 2>/dev/null; do
    sleep 1
    ((SECONDS % 15)) || echo "setup: $((SECONDS - started)) s, $(grep -oE '^(Collecting|Installing) .*' .venv/setup.log | tail -n 1 | cut -c 1-60)"
done
if ! wait "$pip"; then
    tail -n 20 .venv/setup.log
    fail "pip failed. The whole log is .venv/setup.log."
fi
trap - EXIT
rm .venv/incomplete
echo "$wanted" >"$stamp"
echo "setup: .venv is ready, $((SECONDS - started)) s"
