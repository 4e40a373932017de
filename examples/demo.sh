#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds and trains a small U-Net for a few minutes; leaves weights, pictures and a table in demo-output/.
#
# sh examples/demo.sh [--data DIR] [--epochs N] [--output DIR] ...: see `build/examples/segment --help`
set -eu
here=$(pwd)
cd "$(dirname "$0")/.."
sh tests/setup.sh build -Dexamples=enabled
echo "building examples/segment (a minute or two)"
if ! ninja -C build examples/segment >build/demo.log 2>&1; then
  tail -n 40 build/demo.log >&2
  exit 1
fi
segment=$PWD/build/examples/segment
cd "$here"
exec "$segment" "$@"
