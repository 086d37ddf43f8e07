#!/usr/bin/env bash
# Fetches what list.txt names from the Debian mirror that this machine uses and unpacks it into a folder. Nothing is
# installed, no suite is mixed into the system's, and no root is needed.
#   packages/fetch.sh FOLDER
# DEBIAN_SNAPSHOT=ADDRESS names an archive that still has the listed versions, for the time after a suite has moved on.
set -euo pipefail
export LC_ALL=C
list=$(cd "$(dirname "$0")" && pwd)/list.txt
folder=$(realpath -m "${1:?usage: fetch.sh FOLDER}")

say() { printf '%s\n' "$*" >&2; }
fail() { say "fetch.sh: $*"; exit 1; }

for tool in apt-get apt-cache dpkg-deb sha256sum; do
  command -v $tool >/dev/null || fail "$tool is missing: this works on Debian 12 and 13"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r $keyring ] || fail "$keyring is missing: install debian-archive-keyring"

say "Fetching Go and Pion into $folder"
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
architecture=$(dpkg --print-architecture)
listed=$work/listed chosen=$work/chosen
awk -v here="$architecture" '!/^#/ && ($4 == here || $4 == "all")' "$list" >"$listed"
grep -q ' golang-1.24-go ' "$listed" || fail "list.txt has no compiler for $architecture"

mirror() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | sort | uniq -c | sort -rn | awk 'NR == 1 {print $2}'; }

# An apt of its own for a suite: it sees neither the system's sources nor its pins, and writes nothing outside. How the
# machine reaches its mirror, such as through a proxy, holds for it too.
prepare() { # suite mirror
  local root=$work/$1
  rm -rf "$root"
  mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/debs"
  : >"$root/status"
  echo "deb [signed-by=$keyring] $2 $1 main" >"$root/sources.list"
  {
    apt-config dump | grep -E '^Acquire::(https?|Check-[A-Za-z-]+|Force-?IPv[46])[: ]' || true
    cat <<CONFIGURATION
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "$root/sources.list";
Dir::State "$root";
Dir::State::lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
APT::Sandbox::User "$(id -un)";
CONFIGURATION
  } >"$root/apt.conf"
  quietly env APT_CONFIG="$root/apt.conf" apt-get update || fail "$1 cannot be read from $2"
}

quietly() { "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; return 1; }; }

versions() { # suite package: those that the suite has
  APT_CONFIG=$work/$1/apt.conf apt-cache madison "$2" | awk -F' *[|] *' '{print $2}'
}

has_all() { # suite
  local suite name version
  while read -r suite name version _; do
    [ "$suite" != "$1" ] || versions "$1" "$name" | grep -Fxq "$version" || return 1
  done <"$listed"
}

major() { local upstream=${1#*:}; echo "${upstream%%.*}"; }

# What takes the place of a version that the suite no longer has: the one it has now, of the same major version. Whoever sees
# the warning runs the tests and renews list.txt.
instead() { # suite name version
  local now
  now=$(versions "$1" "$2" | head -n 1)
  [ -n "$now" ] || fail "$1 has no $2 any more: set DEBIAN_SNAPSHOT to an archive of when it did"
  case $2 in
    golang-golang-x-* | golang-github-google-uuid-dev) ;;
    *)
      [ "$(major "$now")" = "$(major "$3")" ] \
        || fail "$1 has $2 $now instead of $3, another major version: set DEBIAN_SNAPSHOT to an archive that has it"
      say "WARNING: $1 has $2 $now instead of $3, which the library was tested with: renew native-build/packages/list.txt"
      ;;
  esac
  echo "$now"
}

choose() { # suite
  local suite name version kind hash
  while read -r suite name version kind hash; do
    if [ "$suite" != "$1" ]; then continue; fi
    versions "$1" "$name" | grep -Fxq "$version" || { version=$(instead "$suite" "$name" "$version"); hash=-; }
    echo "$suite $name $version $hash"
  done <"$listed" >>"$chosen"
}

unpack() { # suite name version hash
  local deb sum
  deb=$(echo "$work/$1/debs/$2"_*.deb)
  sum=$(sha256sum <"$deb" | cut -d' ' -f1)
  [ "$4" = - ] || [ "$sum" = "$4" ] || fail "$2 $3 is not what list.txt says: its SHA-256 is $sum"
  dpkg-deb -x "$deb" "$work/root"
  # Which package each folder is from, for the list of components.
  dpkg-deb --fsys-tarfile "$deb" | tar -t | sed -n 's|^\./\(.*\)/[^/][^/]*$|\1|p' | sort -u | sed "s|^|$2@$3 |" >>"$work/root/contents"
}

mkdir "$work/root"
site=$(mirror)
[ -n "$site" ] || fail "apt knows no mirror"
for suite in $(cut -d' ' -f1 "$listed" | sort -u); do
  prepare "$suite" "$site"
  if [ -n "${DEBIAN_SNAPSHOT:-}" ] && ! has_all "$suite"; then prepare "$suite" "$DEBIAN_SNAPSHOT"; fi
  choose "$suite"
  (cd "$work/$suite/debs" && quietly env APT_CONFIG="$work/$suite/apt.conf" apt-get download \
    $(awk -v suite="$suite" '$1 == suite {print $2 "=" $3}' "$chosen")) || fail "packages of $suite cannot be fetched"
done
while read -r suite name version hash; do unpack "$suite" "$name" "$version" "$hash"; done <"$chosen"
"$(dirname "$0")/mend.sh" "$work/root"
rm -rf "$folder"
mv "$work/root" "$folder"
