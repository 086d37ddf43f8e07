#!/usr/bin/env bash
# Proves that Stream.Core and its models are clean for trimming and ahead-of-time compilation: compiles them with every
# analyzer on, which ordinary builds leave out for the generated types. Does nothing when no source changed since.
set -euo pipefail
cd "$(dirname "$0")/.."
exec dotnet build src/Stream.Core -c Release --nologo -v quiet -clp:NoSummary \
  -p:FullAnalysis=true -p:ArtifactsPath="$PWD/artifacts/analysis" "$@"
