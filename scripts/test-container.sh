#!/usr/bin/env bash
# Builds every stage of the Dockerfile and runs the image, without a container engine and without anybody's images: buildah builds
# on stand-ins made here (tests/container/bases.sh), and the result runs in namespaces of its own, as an unprivileged user on a
# read-only root (tests/container/enter.sh). Needs root, and the SDK; what it makes stays in artifacts/container.
#   scripts/test-container.sh              builds and tests
#   scripts/test-container.sh --no-build   tests what is built
#   scripts/test-container.sh --no-setup   installs nothing
set -euo pipefail
cd "$(dirname "$0")/.."

setup=yes build=yes
for argument in "$@"; do
  case $argument in
    --no-build) build=no ;;
    --no-setup) setup=no ;;
    *) echo "usage: scripts/test-container.sh [--no-build] [--no-setup]" >&2; exit 2 ;;
  esac
done

work=$PWD/artifacts/container
image=localhost/stream-gateway:test
key="the key of the container's test" secret="the secret of the embedded Stream"
inside_address=192.0.2.2
gateway=http://$inside_address:8080
failures=0 passed=0

buildah() { command buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
step() { printf '\n== %s\n' "$*"; }
check() { # sentence command…
  if "${@:2}"; then passed=$((passed + 1)); echo "ok: $1"; else failures=$((failures + 1)); echo "FAILED: $1"; fi
}
# Two networks joined by a cable, both made here: what is outside reaches the container as another machine does.
outside() { nsenter --target "$outside" --net "$@"; }
ask() { outside curl -s --max-time 60 -H "X-Api-Key: $key" "$@"; }
quietly() { "$@" >/dev/null; }
milliseconds() { date +%s%3N; }
is() { [ "$1" = "$2" ] || { echo "  it is: $1"; false; }; }

started=()
finish() {
  for process in "${started[@]}"; do kill -KILL "$process" 2>/dev/null || true; done
  { wait; } 2>/dev/null
  [ -z "${container:-}" ] || buildah rm "$container" >/dev/null
  rm -rf "$work/volumes" "$work/secrets"
}

build_image() {
  step "Base images"
  BUILDAH="buildah --storage-driver vfs --root $work/storage --runroot $work/run" tests/container/bases.sh "$work"
  step "Every stage of the Dockerfile"
  buildah bud --isolation chroot --pull-never --format docker -t $image \
    --build-arg VERSION="$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' Directory.Build.props)" \
    --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" . >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; exit 1; }
}

make_networks() {
  unshare --net sleep 1h & outside=$!
  unshare --net sleep 1h & inside=$!
  started+=("$outside" "$inside")
  until [ "$(readlink /proc/$outside/ns/net)" != "$(readlink /proc/self/ns/net)" ] \
     && [ "$(readlink /proc/$inside/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
  outside ip link add cable type veth peer name eth0 netns "$inside"
  outside ip address add 192.0.2.1/30 dev cable
  nsenter --target "$inside" --net ip address add $inside_address/30 dev eth0
  for network in "$outside:cable" "$outside:lo" "$inside:eth0" "$inside:lo"; do
    nsenter --target "${network%:*}" --net ip link set "${network#*:}" up
  done
}

command_of() { cat "/proc/$1/cmdline" 2>/dev/null | tr '\0' ' '; }

# Starts the image under a name; its program's process id is then in $program, that of what runs it in $runner.
start() { # name volumes network NAME=VALUE…
  NETWORK=$3 SECRETS=${secrets:-} tests/container/enter.sh "$root" "$work/config.json" "$work/volumes/$2" "${@:4}" >"$work/$1.log" 2>&1 &
  runner=$!
  started+=("$runner")
  program=
  local deadline=$((SECONDS + 20))
  until [ -n "$program" ] && [ "$(command_of "$program")" = "dotnet Gateway.dll " ]; do
    [ -d /proc/$runner ] && [ $SECONDS -lt $deadline ] || return 0
    program=$(cat "/proc/$runner/task/$runner/children" 2>/dev/null | tr -d ' ')
  done
}

# What an engine does for HEALTHCHECK: the image's command, beside the program and as its user.
healthy() {
  local environment command
  mapfile -d '' environment <"/proc/$program/environ"
  mapfile -t command < <(jq -r '.Healthcheck.Test[1:][]' "$work/config.json")
  env -i "${environment[@]}" /usr/bin/nsenter --target "$program" --mount --pid --net --ipc --root --wd --setuid 1654 --setgid 1654 "${command[@]}" \
    >"$work/health.log" 2>&1
}
becomes_healthy() {
  local deadline=$((SECONDS + 30))
  until healthy; do
    [ -d "/proc/$program" ] && [ $SECONDS -lt $deadline ] || { cat "$work/health.log"; return 1; }
  done
}
stops_in_time() { # seconds
  local begin code=0
  begin=$(milliseconds)
  kill -TERM "$program"
  wait "$runner" || code=$?
  echo "  exit code $code after $(($(milliseconds) - begin)) ms"
  [ $code = 0 ] && [ $(($(milliseconds) - begin)) -lt "$1"000 ]
}
refuses() { # name sentence
  local code=0
  wait "$runner" || code=$?
  [ $code = 1 ] && [ "$(wc -l <"$work/$1.log")" = 1 ] && grep -q "^The gateway cannot start\. .*$2" "$work/$1.log" \
    || { echo "  exit code $code, and it said:"; cat "$work/$1.log"; false; }
}

join() { ask "${2:-$gateway}/v1/sessions" --json "{\"call_cid\":\"default:demo\",\"user_id\":\"$1\"}" | jq -re .id; }
seconds_of() { opusinfo "$1" | sed -n 's/.*Playback length: \([0-9]*\)m:\([0-9.]*\)s.*/\1 \2/p' | awk '{print $1 * 60 + $2}'; }
is_the_sentence() { # file
  local heard
  heard=$(seconds_of "$1")
  echo "  $heard s of $(seconds_of artifacts/speech.ogg) s"
  awk -v heard="$heard" -v said="$(seconds_of artifacts/speech.ogg)" 'BEGIN {exit !(heard > said - 0.3)}'
}
speak() { # session
  ask -T artifacts/speech.ogg -H "Content-Type: audio/ogg" "$gateway/v1/sessions/$1/publications/voice" | jq -re '.reason == "completed"' >/dev/null
}
status_of() { outside curl -s --max-time 60 -o /dev/null -w '%{http_code}' "$@"; }

test_image() {
  step "The image"
  check "it runs as a user with a number, not root" is "$(jq -r .User "$work/config.json")" 1654
  check "it has volumes" is "$(jq -c '.Volumes | keys' "$work/config.json")" '["/data","/recordings"]'
  check "its labels tell version and revision" quietly jq -e '.Labels | .["org.opencontainers.image.version"] != "" and .["org.opencontainers.image.revision"] != ""' \
    -- "$work/config.json"
  check "its notices name Pion" grep -q pion-webrtc "$root/usr/share/doc/stream-gateway/components"
  check "it tells its version" is "$(dotnet "$root/service/Gateway.dll" --version)" "Stream Gateway $(jq -r '.Labels["org.opencontainers.image.version"]' "$work/config.json")"
}

test_refusals() {
  step "What is missing is said in one sentence"
  start no-key refused "$inside"
  check "without a key" refuses no-key GATEWAY_KEY
  start no-file refused "$inside" GATEWAY_KEY_FILE=/run/secrets/nothing
  check "without the file that a variable names" refuses no-file "GATEWAY_KEY_FILE names /run/secrets/nothing, which cannot be read"
  chown -R root:root "$work/volumes/refused/data"
  start no-owner refused "$inside" GATEWAY_KEY="$key"
  check "without the right to write to its volume" refuses no-owner "/data/stream.json"
}

test_story() {
  step "Two bots talk through its port, recorded"
  secrets=$work/secrets
  begin=$(milliseconds)
  start gateway kept "$inside"
  check "it is healthy" becomes_healthy
  echo "  after $(($(milliseconds) - begin)) ms"
  check "its user is 1654, without capabilities" is "$(awk '/^(Uid|CapEff|NoNewPrivs):/ {print $2}' "/proc/$program/status" | tr '\n' ' ')" "1654 0000000000000000 1 "
  check "its root is read-only" grep -q ' / / ro,' <(awk '$5 == "/" {print " / / " $6}' "/proc/$program/mountinfo")
  check "who has no key is told so" is "$(status_of $gateway/v1/sessions)" 401
  check "the embedded Stream is not reached from outside" is "$(status_of "http://$inside_address:8090/")" 000

  alice=$(join alice) bob=$(join bob)
  recording=$(ask "$gateway/v1/sessions/$bob/recordings" --json '{}' | jq -re .id)
  ask "$gateway/v1/sessions/$bob/tracks/alice:audio/media?wait_ms=5000" -o "$work/heard.ogg" & hearing=$!
  check "alice speaks" speak "$alice"
  ask -X DELETE "$gateway/v1/sessions/$bob/recordings/$recording"
  ask -X DELETE "$gateway/v1/sessions/$alice"
  wait $hearing
  check "bob hears the whole sentence" is_the_sentence "$work/heard.ogg"

  alice=$(join alice) carol=$(join carol)
  ask -T artifacts/speech.ogg -H "Content-Type: audio/ogg" "$gateway/v1/sessions/$alice/publications/voice" >/dev/null & speaking=$!
  ask "$gateway/v1/sessions/$carol/tracks/alice:audio/media?wait_ms=5000" -o /dev/null & hearing=$!
  check "in the middle of a sentence it stops within a grace of ten seconds" stops_in_time 10
  wait $speaking $hearing || true
}

test_restart() {
  step "What was on its volumes is there after a restart"
  start again kept "$inside"
  check "it is healthy" becomes_healthy
  check "the recording is listed" is "$(ask "$gateway/v1/recordings" | jq -r '.recordings[].id')" "$recording"
  file=$(ask "$gateway/v1/sessions/$bob/recordings/$recording" | jq -r '[.files[].url | select(endswith(".ogg"))][0]')
  ask "$gateway$file" -o "$work/recorded.ogg"
  check "its file holds the sentence" is_the_sentence "$work/recorded.ogg"
  check "the call is known" is "$(ask "$gateway/api/v2/video/call/default/demo" | jq -r .call.cid)" default:demo
  check "it stops" stops_in_time 10
}

test_embedded_stream() {
  step "The embedded Stream is reached from outside when asked for"
  start stream kept "$inside" LOCAL_STREAM_HOST=0.0.0.0 LOCAL_STREAM_PUBLIC_ADDRESS=$inside_address LOCAL_STREAM_API_SECRET="$secret"
  inner=$program inner_runner=$runner
  check "it is healthy" becomes_healthy
  start client other "$outside" STREAM_BASE_URL=http://$inside_address:8090 STREAM_API_KEY=local STREAM_API_SECRET="$secret"
  check "a gateway outside that works with it is healthy" becomes_healthy
  alice=$(join alice) bob=$(join bob http://127.0.0.1:8080)
  ask "http://127.0.0.1:8080/v1/sessions/$bob/tracks/alice:audio/media?wait_ms=5000" -o "$work/heard.ogg" & hearing=$!
  check "alice speaks inside" speak "$alice"
  ask -X DELETE "$gateway/v1/sessions/$alice"
  wait $hearing
  check "bob, outside, hears the whole sentence" is_the_sentence "$work/heard.ogg"
  check "the gateway outside stops" stops_in_time 10
  program=$inner runner=$inner_runner
  check "the embedded Stream stops" stops_in_time 10
  check "no log shows a key or a secret" is "$(grep -lF -e "$key" -e "$secret" "$work"/*.log || true)" ""
}

[ "$(id -u)" = 0 ] || { echo "test-container.sh: needs root, for namespaces and mounts" >&2; exit 1; }
[ $setup = no ] || scripts/setup.sh --container
mkdir -p "$work"
[ $build = no ] || build_image
[ -f artifacts/speech.ogg ] || scripts/make-speech.sh artifacts/speech.ogg

trap finish EXIT
container=$(buildah from --pull-never $image)
root=$(buildah mount "$container")
buildah inspect --type image $image | jq .Docker.config >"$work/config.json"
rm -rf "$work/volumes" "$work/secrets"
mkdir -p "$work/volumes" "$work/secrets"
(umask 077 && printf '%s\n' "$key" >"$work/secrets/GATEWAY_KEY" && chown 1654 "$work/secrets/GATEWAY_KEY")
make_networks
test_image
test_refusals
test_story
test_restart
test_embedded_stream

printf '\n%d passed, %d failed\n' $passed $failures
[ $failures = 0 ]
