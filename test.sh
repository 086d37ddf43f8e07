#!/usr/bin/env bash
# Sets up, builds and runs every test: C, Go with the race detector and some fuzzing, C#.
set -euo pipefail
cd "$(dirname "$0")"

scripts/setup.sh --test

step() { printf '\n== %s\n' "$*"; }

step "Native library"
make -s -C native-build build schema lint
step "C tests"
make -s -C native-build ctest
step "Go tests, with the race detector"
make -s -C native-build test

step "Anything at all, to live connections"
make -s -C native-build fuzz FUZZ='Packets|Handshake' FUZZTIME=15s

step "C# build"
dotnet build Gateway.sln -c Release --nologo -v quiet -clp:NoSummary
step "Trimming and ahead-of-time compilation of the client"
scripts/analyze.sh
step "C# tests"
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
# One project after the other: some listen to live sound while others stress the machine on purpose.
dotnet test Gateway.sln -m:1 -c Release --no-build --nologo --blame-hang-timeout 10m --logger "trx;LogFilePrefix=tests" \
  --results-directory "$results" || status=$?

step "Counts and figures told by the tests"
grep -ho '<StdOut>.*</StdOut>' "$results"/*.trx | sed 's/<[^>]*>//g' | sort -u || true

step "NativeAOT"
aot=0
AOT_SECONDS=5 AOT_CALLS=100000 scripts/test-aot.sh || aot=$?
[ $aot = 0 ] || [ $aot = 3 ] || status=$aot

count() { cat "$results"/*.trx | grep -o " $1=\"[0-9]*\"" | grep -o '[0-9]*' | awk '{sum += $1} END {print sum + 0}'; }
printf '\n%d passed, %d failed\n' "$(count passed)" "$(count failed)"
[ $aot != 3 ] || echo "NativeAOT was NOT tested: no AOT compiler restores here"
exit $status
