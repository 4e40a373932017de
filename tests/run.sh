#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds and tests; the last line is `N passed, N failed`, with `, N skipped` where something could not run.
#
# sh tests/run.sh          with g++, everything
# sh tests/run.sh --all    then clang 16 (everything compiled, the fast part run) and the sanitizers over a part
#
# TENON_JOBS is how many compilers and tests run at once (2).
set -eu
cd "$(dirname "$0")/.."

all=
case ${1:-} in
"") ;;
--all) all=--all ;;
*)
  echo "usage: sh tests/run.sh [--all]" >&2
  exit 2
  ;;
esac
jobs=${TENON_JOBS:-2}
broken=0
logs=

# check COMPILER FOLDER TARGET SUITE [MESON OPTION...]: what cannot be configured or compiled counts as one failure.
check() {
  compiler=$1 folder=$2 target=$3 suite=$4
  shift 4
  echo "== $folder: $compiler $*"
  if ! CXX=$compiler sh tests/setup.sh $all "$folder" -Dtests=enabled -Dexamples=enabled -Dbenchmarks=enabled -Dwerror=true "$@"; then
    broken=$((broken + 1))
    return
  fi
  log=$folder/meson-logs/testlog.json
  rm -f "$log"
  if ! ninja -C "$folder" -j "$jobs" -k 0 "$target" </dev/null; then
    echo "$folder does not compile" >&2
    broken=$((broken + 1))
    return
  fi
  # Its exit status is not needed: the log says what failed.
  meson test -C "$folder" --no-rebuild --num-processes "$jobs" --print-errorlogs ${suite:+--suite "$suite"} </dev/null || true
  if [ -f "$log" ]; then
    logs="$logs $log"
  else
    echo "$folder ran no test" >&2
    broken=$((broken + 1))
  fi
}

check g++ build all ""
if [ -n "$all" ]; then
  check clang++-16 build-clang all fast
  check g++ build-sanitize sanitize sanitize -Db_sanitize=address,undefined -Doptimization=1
fi

# shellcheck disable=SC2086
exec python3 tests/summarise.py --broken "$broken" $logs
