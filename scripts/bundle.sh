#!/usr/bin/env bash
# Packs the RTC library into a signed bundle: with the schema of its messages, what it is made of, and where from.
#   scripts/bundle.sh --key signing.key [--lib PLATFORM:PATH]… [--output rtc.rbp] [--no-build]
# --lib adds a library that was built on a machine of another platform, such as linux-aarch64:librtc.so.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { echo "usage: scripts/bundle.sh --key SECRET-KEY [--lib PLATFORM:PATH]… [--output FILE] [--no-build]" >&2; exit 2; }
key= output= build=1 others=()
while [ $# -gt 0 ]; do
  case $1 in
    --key) key=${2:-}; shift 2 || usage ;;
    --lib) others+=(--lib "${2:-}"); shift 2 || usage ;;
    --output) output=${2:-}; shift 2 || usage ;;
    --no-build) build=; shift ;;
    *) usage ;;
  esac
done
[ -n "$key" ] || usage

version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' Directory.Build.props)
case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux-x86_64 ;;
  Linux-aarch64) platform=linux-aarch64 ;;
  *) echo "bundle.sh: no bundle platform for $(uname -s) $(uname -m)" >&2; exit 1 ;;
esac

if [ -n "$build" ]; then
  make -s -C native-build build schema
  dotnet build tools/Native.Bundler -c Release --nologo -v quiet -clp:NoSummary
fi

components=()
while read -r component; do components+=(--component "$component"); done < <(make -s -C native-build components)

exec dotnet artifacts/bin/Native.Bundler/release/StreamGateway.Native.Bundler.dll create --name rtc --version "$version" \
  --lib "$platform:native-build/build/librtc.so" "${others[@]}" \
  --schema native-build/build/commands.schema.json:commands.schema.json \
  --schema native-build/proto/rtc/v1/events.proto:events.proto \
  --schema native-build/include/rtc.h:rtc.h \
  "${components[@]}" --compiler "$(make -s -C native-build compiler)" --sign-key "$key" --output "${output:-rtc-$version.rbp}"
