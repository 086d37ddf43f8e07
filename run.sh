#!/usr/bin/env bash
# Sets up, builds and starts Stream Gateway with the embedded Stream. Ctrl+C drains and ends it.
#
#   ./run.sh              PORT=8080 LOCAL_STREAM_PORT=8090
#   ./run.sh --no-build   start what is built
#   ./run.sh --no-setup   install nothing
set -euo pipefail
cd "$(dirname "$0")"

setup=yes build=yes
for argument in "$@"; do
  case $argument in
    --no-build) setup=no build=no ;;
    --no-setup) setup=no ;;
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown option $argument (try --help)" >&2; exit 2 ;;
  esac
done

[ $setup = no ] || scripts/setup.sh
[ $build = no ] || scripts/build.sh
# As in the container: docs/mirror.md, Speed.
export DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=${DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS:-1}
exec dotnet artifacts/bin/Gateway/release/Gateway.dll
