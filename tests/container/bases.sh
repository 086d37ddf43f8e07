#!/usr/bin/env bash
# Makes stand-ins for the images that the Dockerfile starts from, under the same names, of what this machine has: Debian from its
# mirror, the .NET SDK that is installed. Nothing of a registry of images is used. Those that are there already are kept.
#   tests/container/bases.sh WORK     with the command in BUILDAH, such as "buildah --root …"
set -euo pipefail
work=$(realpath "$1")
read -ra buildah <<<"${BUILDAH:-buildah}"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

debian=docker.io/library/debian:bookworm-slim
sdk=mcr.microsoft.com/dotnet/sdk:10.0-noble
runtime=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
certificates=/etc/ssl/certs/ca-certificates.crt
dotnet=$(dirname "$(realpath "$(command -v dotnet)")")

has() { "${buildah[@]}" inspect --type image "$1" >/dev/null 2>&1; }
run() { "${buildah[@]}" run --isolation chroot "$@"; }
commit() { "${buildah[@]}" commit -q --rm "$1" "$2" >/dev/null; }

# How this machine reaches its mirror and registries holds inside as well: apt's settings, certificates, NuGet's sources.
take_settings_along() { # root
  apt-config dump | grep -E '^Acquire::(https?|Check-[A-Za-z-]+)[: ]' >"$1/etc/apt/apt.conf.d/90machine" || true
  mkdir -p "$1/etc/ssl/certs" "$1/root/.nuget/NuGet"
  [ ! -r $certificates ] || cp $certificates "$1/etc/ssl/certs/"
  [ ! -r ~/.nuget/NuGet/NuGet.Config ] || cp ~/.nuget/NuGet/NuGet.Config "$1/root/.nuget/NuGet/"
}

make_debian() {
  local root=$work/bookworm mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort | uniq -c | sort -rn | awk 'NR == 1 {print $2}')
  rm -rf "$root"
  debootstrap --variant=minbase bookworm "$root" "$mirror" >"$work/debootstrap.log" || { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
  take_settings_along "$root"
  local container
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" copy -q "$container" "$root" / >/dev/null
  commit "$container" $debian
  rm -rf "$root"
}

make_sdk() {
  local container
  container=$("${buildah[@]}" from --pull-never $debian)
  run "$container" -- sh -c 'apt-get -q update && apt-get -qy install --no-install-recommends openssl libstdc++6 zlib1g' >"$work/sdk.log" 2>&1 \
    || { tail -n 20 "$work/sdk.log" >&2; exit 1; }
  "${buildah[@]}" copy -q "$container" "$dotnet" /usr/share/dotnet >/dev/null
  run "$container" -- ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
  "${buildah[@]}" config -e DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 -e DOTNET_CLI_TELEMETRY_OPTOUT=1 -e DOTNET_NOLOGO=1 \
    -e SSL_CERT_FILE=$certificates ${NUGET_CERT_REVOCATION_MODE:+-e NUGET_CERT_REVOCATION_MODE=$NUGET_CERT_REVOCATION_MODE} "$container"
  commit "$container" $sdk
}

# Like a chiseled image: the runtime, the libraries that it is linked with or opens, certificates, a user. No shell, no tools.
make_runtime() {
  local container root target=$work/runtime
  container=$("${buildah[@]}" from --pull-never $sdk)
  root=$("${buildah[@]}" mount "$container")
  rm -rf "$target"
  mkdir -p "$target"/{etc/ssl/certs,usr/bin,usr/lib,usr/share/dotnet,proc,dev,sys}
  install -d -m 1777 "$target/tmp"
  (cd "$target" && ln -s usr/lib lib && ln -s usr/bin bin)
  cp -a "$root"/usr/share/dotnet/{dotnet,host,shared} "$target/usr/share/dotnet/"
  ln -s ../share/dotnet/dotnet "$target/usr/bin/dotnet"
  cp "$root/etc/ssl/certs/"* "$target/etc/ssl/certs/" 2>/dev/null || true
  printf 'root:x:0:0:root:/root:/sbin/nologin\napp:x:1654:1654::/home/app:/sbin/nologin\n' >"$target/etc/passwd"
  # What is linked is listed by the linker of the root itself; the two libraries of OpenSSL are opened by name.
  chroot "$root" sh -c 'find /usr/share/dotnet/dotnet /usr/share/dotnet/shared /usr/lib/*/libssl.so.3 -name "*.so*" -o -name dotnet -type f | xargs ldd 2>/dev/null
      ls /usr/lib/*/libssl.so.3 /usr/lib/*/libcrypto.so.3' \
    | grep -oE '/(usr/)?lib(64)?/[^ :)]+' | grep -v /usr/share | sort -u | while read -r library; do
      mkdir -p "$target$(dirname "$library")"
      cp -L "$root$library" "$target$library"
    done
  "${buildah[@]}" rm "$container" >/dev/null
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" copy -q "$container" "$target" / >/dev/null
  "${buildah[@]}" config -e PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin -e APP_UID=1654 -e ASPNETCORE_HTTP_PORTS=8080 \
    -e DOTNET_RUNNING_IN_CONTAINER=true -u 1654 "$container"
  commit "$container" $runtime
  rm -rf "$target"
}

has $debian || make_debian
has $sdk || make_sdk
has $runtime || make_runtime
