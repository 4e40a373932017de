#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a Debian 12 machine ready to build Tenon, and configures build folders.
#
# sh tests/setup.sh [--all] [FOLDER [MESON OPTION...]]
#
# Installs the Debian packages that are missing (as root, or through sudo; with --all also clang 16 and clang-format), puts oneDNN into a
# Python virtual environment in build/onednn-venv, or takes the one that TENON_ONEDNN_PREFIX names, and lets Meson configure FOLDER with
# the compiler that CXX names (g++). What is done already is not done again.
set -eu
cd "$(dirname "$0")/.."
exec </dev/null
export CXX="${CXX:-g++}"

packages="g++ meson ninja-build pkgconf cmake python3-venv catch2 libbenchmark-dev libeigen3-dev libxtensor-dev
  rapidjson-dev libopencv-imgcodecs-dev libcli11-dev libboost-dev zlib1g-dev dataset-fashion-mnist"
if [ "${1:-}" = --all ]; then
  packages="$packages clang-16 libclang-rt-16-dev clang-format-14"
  shift
fi
mkdir -p build
log=build/setup.log
: >"$log"

# quietly COMMAND...: its output is shown only if it fails.
quietly() {
  if ! "$@" >>"$log" 2>&1; then
    echo "set-up: this failed: $*" >&2
    tail -n 30 "$log" >&2
    exit 1
  fi
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' $packages 2>/dev/null || true)
  missing=
  for package in $packages; do
    echo "$installed" | grep -qxF "$package installed" || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
      as_root=env
    elif command -v sudo >/dev/null; then
      as_root="sudo env"
    else
      echo "set-up: these Debian packages are missing; install them as root:$missing" >&2
      exit 1
    fi
    echo "set-up: installing Debian packages:$missing"
    apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600"
    quietly $apt update
    # shellcheck disable=SC2086
    quietly $apt install -y --no-install-recommends $missing
  fi
else
  echo "set-up: not a Debian system; needed are" $packages
fi

prefix=${TENON_ONEDNN_PREFIX:-}
if [ -z "$prefix" ]; then
  prefix=$PWD/build/onednn-venv
  if ! [ -f "$prefix/lib/cmake/dnnl/dnnl-config.cmake" ] || ! [ -f "$prefix/lib/libdnnl.so.3" ]; then
    echo "set-up: fetching oneDNN into build/onednn-venv"
    rm -rf "$prefix"
    quietly python3 -m venv "$prefix"
    quietly "$prefix/bin/pip" install --no-input --disable-pip-version-check \
      onednn-devel-cpu-gomp==2023.2.0 onednn-cpu-gomp==2023.2.0
  fi
elif ! [ -f "$prefix/lib/cmake/dnnl/dnnl-config.cmake" ]; then
  echo "set-up: TENON_ONEDNN_PREFIX names a folder without lib/cmake/dnnl: $prefix" >&2
  exit 1
fi

if [ $# -gt 0 ]; then
  folder=$1
  shift
  arguments="--cmake-prefix-path=$prefix $*"
  if ! [ -f "$folder/build.ninja" ]; then
    echo "set-up: configuring $folder"
    quietly meson setup "$folder" "--cmake-prefix-path=$prefix" "$@"
  elif [ "$(cat "$folder/set-up" 2>/dev/null)" != "$arguments" ]; then
    echo "set-up: configuring $folder anew"
    quietly meson setup --reconfigure "$folder" "--cmake-prefix-path=$prefix" "$@"
  fi
  echo "$arguments" >"$folder/set-up"
fi
