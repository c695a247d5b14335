#!/bin/sh
# tools/setup.sh gate|ml|dev|checkov: make the virtual environment, or bring it up to date with its lock file.
# Needs Python 3.11 or newer and a package index; pip's own settings (mirror, certificate, proxy) hold.
set -eu
cd "$(dirname "$0")/.."
group=$1
folder=.venv
[ "$group" = checkov ] && folder=.checkov
python=${PYTHON:-python3}
"$python" - <<'PY' || exit 2
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Python 3.11 or newer is needed, and {sys.executable} is {sys.version.split()[0]}; give another one: make PYTHON=python3.12")
PY
[ -x .venv/bin/python ] || "$python" -m venv .venv
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/uv.txt
index=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
[ -n "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || [ -z "${PIP_INDEX_URL:-$index}" ] || export UV_DEFAULT_INDEX="${PIP_INDEX_URL:-$index}"
[ "$folder" = .venv ] || [ -x "$folder/bin/python" ] || .venv/bin/uv venv --quiet --python .venv/bin/python "$folder"
.venv/bin/uv pip install --quiet --python "$folder/bin/python" --require-hashes --build-constraints locks/build.txt -r "locks/$group.txt"
[ "$group" = checkov ] || .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
# Byte code makes the SDKs and Checkov load four times as fast. Compile what a first run loads, even where PYTHONDONTWRITEBYTECODE is set.
unset PYTHONDONTWRITEBYTECODE
if [ "$folder" = .venv ]; then
  .venv/bin/python -c 'from pathlib import Path; from mlctl.plan.preload import preload; preload([Path("infra"), Path("stacks")])'
else
  "$folder/bin/python" -m compileall -q "$folder/lib" || true
fi
touch "$folder/.$group"
