#!/usr/bin/env bash
# Writes every folder Generated (models, client, tests) from the API description.
#   scripts/generate.sh                  writes what changed
#   scripts/generate.sh --check          only tells whether all is current
#   scripts/generate.sh --adopt FOLDER   takes a new description first and reports what it changes
set -euo pipefail
cd "$(dirname "$0")/.."
exec dotnet run -c Release --project tools/Stream.CodeGen -- "$@"
