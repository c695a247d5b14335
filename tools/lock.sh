#!/bin/sh
# Write locks/*.txt anew: exact versions with hashes, and no address, so that they work behind any package index.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
common="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet"
"$uv" pip compile pyproject.toml --extra setup --extra dev --group training $common --output-file locks/dev.txt "$@"
"$uv" pip compile pyproject.toml --extra setup --group training --constraint locks/dev.txt $common --output-file locks/ml.txt "$@"
"$uv" pip compile pyproject.toml --extra setup --constraint locks/dev.txt $common --output-file locks/gate.txt "$@"
# What the images hold.
"$uv" pip compile --group training --constraint locks/dev.txt $common --output-file locks/training.txt "$@"
"$uv" pip compile --group serving --constraint locks/dev.txt $common --output-file locks/serving.txt "$@"
# What builds the packages that are published as source alone.
echo setuptools | "$uv" pip compile - --constraint locks/dev.txt $common --no-annotate --output-file locks/build.txt "$@"
"$uv" pip compile locks/checkov.in $common --output-file locks/checkov.txt "$@"
