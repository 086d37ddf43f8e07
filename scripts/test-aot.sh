#!/usr/bin/env bash
# Compiles the stress host ahead of time (NativeAOT), without a warning, and runs the stress gate and the soak under it.
#   scripts/test-aot.sh            10 s and 300,000 calls of each kind
#   AOT_SECONDS=60 AOT_CALLS=10000000 scripts/test-aot.sh
# Needs native-build/build/librtctest.so (make -C native-build testlib). Ends with 3 when no AOT compiler restores.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${AOT_SECONDS:-10}
calls=${AOT_CALLS:-300000}
out=artifacts/aot
library=native-build/build/librtctest.so
[ -f "$library" ] || { echo "$library is missing: run make -C native-build testlib" >&2; exit 1; }

# The compiler for .NET 10 needs a runtime pack of its own that is not in every registry; that of .NET 9 brings its own.
publish() {
  dotnet publish tests/Native.AotHost -c Release -r linux-x64 --nologo -v quiet \
    -p:GatewayFramework="$1" -p:ArtifactsPath="$PWD/$out/$1"
}
framework=net10.0
if ! log=$(publish net10.0 2>&1); then
  grep -q 'NU110[12]' <<<"$log" || { echo "$log" >&2; exit 1; }
  echo "NativeAOT for .NET 10 does not restore here ($(grep -o 'Unable to find package [A-Za-z0-9.-]*' <<<"$log" | head -n 1)); taking .NET 9"
  framework=net9.0
  if ! log=$(publish net9.0 2>&1); then
    grep -q 'NU110[12]' <<<"$log" || { echo "$log" >&2; exit 1; }
    echo "NOT TESTED: NativeAOT restores neither for .NET 10 nor for .NET 9 here" >&2
    exit 3
  fi
fi
if grep -E 'warning (IL|CA)[0-9]+' <<<"$log" >&2; then
  echo "compiling ahead of time must not warn" >&2
  exit 1
fi

host=$(find "$out/$framework" -path '*publish*' -name StreamGateway.Native.AotHost -type f | head -n 1)
make -s -C tests/Native.Tests/plugins OUT="$PWD/$out/plugins"
for force in 0 1; do
  "$host" --library="$PWD/$library" --seconds="$seconds" --force=$force | tail -n 1
  "$host" soak --plugin="$PWD/$out/plugins/libtest_complete.so" --library="$PWD/$library" --calls="$calls" --force=$force | tail -n 3
done
