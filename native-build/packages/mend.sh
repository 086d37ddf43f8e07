#!/usr/bin/env bash
# Mends, in unpacked packages, what ends the process when a peer wants it to, and what nothing before it can see: records that are
# sealed with the keys of a connection, and those that come through a TURN server over TCP. Each mend is a condition.
#   mend.sh FOLDER
set -euo pipefail
dtls=$1/usr/share/gocode/src/github.com/pion/dtls/v3

mend() { # file, what stands there, what shall; each stands in one line
  if grep -Fq "$3" "$dtls/$1"; then return; fi
  if ! grep -Fq "$2" "$dtls/$1"; then
    echo "native packages: WARNING: $1 is another one than native-build/packages/mend.sh knows: look whether it still needs to be mended" >&2
    return
  fi
  sed -i "s/$(sed 's/[][\.*^$/]/\\&/g' <<<"$2")/$(sed 's/[\/&]/\\&/g' <<<"$3")/" "$dtls/$1"
}

# A handshake message of no length, of which a fragment comes that does not begin at 0: it is complete, and has no first fragment.
mend fragment_buffer.go \
  'if frags.fragmentsLength != frags.handshakeLength {' \
  'if frags.fragmentsLength != frags.handshakeLength || frags.fragmentByOffset[0] == nil {'
# A record with a connection id whose content is nothing but padding.
mend pkg/protocol/recordlayer/inner_plaintext.go 'if i == 0 {' 'if i <= 0 {'
