#!/usr/bin/env bash
# Runs a mounted image as an engine would, without one: in namespaces of its own, with the image's user, environment and command,
# no capabilities, a read-only root, and only its volumes to write to. Ends when the program ends, with its exit code.
#   enter.sh ROOT CONFIG VOLUMES [NAME=VALUE]… [-- ARGUMENT…]
# CONFIG is the image's configuration (JSON), VOLUMES the folder that holds its volumes. With NETWORK=PID it shares that
# process's network; without, it has one of its own that holds nothing but loopback. SECRETS is a folder for /run/secrets.
set -euo pipefail
root=$1 config=$2 volumes=$3
shift 3
environment=() arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; arguments=("$@"); break ;;
    *) environment+=("$1"); shift ;;
  esac
done

mapfile -t entrypoint < <(jq -r '.Entrypoint[]' "$config")
mapfile -t image_environment < <(jq -r '.Env[]' "$config")
mapfile -t paths < <(jq -r '.Volumes | keys[]' "$config")
user=$(jq -r .User "$config") directory=$(jq -r .WorkingDir "$config")

# A new volume begins as what the image has there, owner included.
for path in "${paths[@]}"; do
  [ -d "$volumes$path" ] || { mkdir -p "$(dirname "$volumes$path")" && cp -a "$root$path" "$volumes$path"; }
done

network=(--net)
[ -z "${NETWORK:-}" ] || network=()
mkdir -p "$root/run/secrets"
export root volumes
exec ${NETWORK:+nsenter --target "$NETWORK" --net} unshare --mount --pid --ipc --uts "${network[@]}" --fork --kill-child -- bash -euc '
  [ -n "${NETWORK:-}" ] || ip link set lo up
  mount --bind "$root" "$root"
  while [ "$1" != -- ]; do mount --bind "$volumes$1" "$root$1"; shift; done
  shift
  [ -z "${SECRETS:-}" ] || mount --bind -o ro "$SECRETS" "$root/run/secrets"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755,size=64k none "$root/dev"
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
  done
  mount -o remount,ro "$root/dev"
  mount -o remount,bind,ro "$root"
  user=$1 directory=$2
  shift 2
  program=("$@")
  while [ "${program[0]}" != -- ]; do environment+=("${program[0]}"); program=("${program[@]:1}"); done
  exec env -i "${environment[@]}" /usr/bin/setpriv --no-new-privs --inh-caps=-all \
    /usr/bin/unshare --root="$root" --wd="$directory" --setuid="$user" --setgid="$user" "${program[@]:1}"
' enter "${paths[@]}" -- "$user" "$directory" "${image_environment[@]}" "${environment[@]}" -- "${entrypoint[@]}" "${arguments[@]}"
