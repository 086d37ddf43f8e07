#!/usr/bin/env bash
# Builds the native library and the gateway, when a source is newer than the last build.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=artifacts/.built
if [ -f "$stamp" ] && [ -z "$(find src native-build *.props *.json Gateway.sln scripts/build.sh \
      -path native-build/build -prune -o -type f -newer "$stamp" -print -quit)" ]; then
  exit 0
fi

echo "Building the native library (native-build/build/librtc.so)"
make -s -C native-build build
echo "Building the gateway (artifacts/bin/Gateway/release)"
dotnet build src/Gateway -c Release --nologo -v quiet "-clp:NoSummary;ErrorsOnly"
dotnet build src/Stream.Local -c Release --nologo -v quiet "-clp:NoSummary;ErrorsOnly"
[ -f artifacts/speech.ogg ] || scripts/make-speech.sh artifacts/speech.ogg
mkdir -p artifacts && touch "$stamp"
