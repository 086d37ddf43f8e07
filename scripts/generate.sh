#!/usr/bin/env bash
# Writes src/Stream.Core/Generated and the generated tests from the API description.
#   scripts/generate.sh                  writes what changed
#   scripts/generate.sh --check          only tells whether all is current
#   scripts/generate.sh --adopt FOLDER   takes a new description first and reports what it changes
set -euo pipefail
cd "$(dirname "$0")/.."
exec dotnet run --project tools/Stream.CodeGen -- "$@"
