#!/usr/bin/env bash
# Installs what the build (and with --test, the tests) needs and is missing, from the own packages of Debian 12 or 13, and fetches
# Go and Pion, of which the system has other versions, into the build's folder.
# The .NET 10 SDK is the one thing expected to be there already. Does nothing, in a blink, when all is there.
#   --native      what the native library alone needs, without .NET
#   --container   what scripts/test-container.sh needs
set -euo pipefail
cd "$(dirname "$0")/.."

native_packages=(
  gcc libc6-dev make pkg-config ca-certificates
  golang-github-gorilla-websocket-dev golang-google-protobuf-dev
  protobuf-compiler protoc-gen-go
  libopus-dev libspeexdsp-dev
)
story_packages=(curl jq espeak-ng opus-tools)
test_packages=(golang-uber-goleak-dev golang-github-stretchr-testify-dev g++ ffmpeg sox python3 binutils procps minisign chromium
  python3-aiortc python3-aiohttp python3-protobuf)

container_packages=(buildah debootstrap iproute2 openssl)

wanted=("${native_packages[@]}")
[ "${1:-}" = --native ] || wanted+=("${story_packages[@]}")
[ "${1:-}" != --container ] || wanted+=("${container_packages[@]}")
if [ "${1:-}" = --test ]; then
  wanted+=("${test_packages[@]}")
  # Any Node.js from 18 on will do; npm comes with it where it is not Debian's.
  command -v npm >/dev/null || wanted+=(nodejs npm)
fi

say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

require_dotnet() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0"
  local sdk
  sdk=$(dotnet --version 2>/dev/null) || fail "dotnet is there, but not an SDK that global.json accepts (.NET 10)"
  case $sdk in 10.*) ;; *) fail "found .NET SDK $sdk; .NET 10 is needed" ;; esac
}
[ "${1:-}" = --native ] || require_dotnet

command -v dpkg-query >/dev/null \
  || fail "this script knows Debian 12 and 13; the library is built from their packages (native-build/packages)"

install_debian_packages() {
  local missing=() as_root=()
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return

  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "missing packages: ${missing[*]}. Run as root, or install sudo"
    as_root=(sudo)
  fi
  apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  apt update >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "apt-get update failed"; }
  apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; fail "apt-get install failed"; }
}

# The packages of tests/node, as its lock file names them; nothing of them runs while they install.
install_node_packages() {
  local stamp=tests/node/node_modules/.installed
  cmp -s tests/node/package-lock.json "$stamp" && return
  say "Installing the Node.js packages of the tests"
  (cd tests/node && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "npm ci failed"; }
  cp tests/node/package-lock.json "$stamp"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_debian_packages
make -s -C native-build packages
if [ "${1:-}" = --test ]; then install_node_packages; fi
