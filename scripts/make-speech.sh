#!/usr/bin/env bash
# Makes a short spoken sentence as Ogg/Opus: make-speech.sh FILE.ogg ["text"]. The WAV it is made from lies beside it.
set -euo pipefail
target=$1
text=${2:-"Hello from Stream Gateway. This sentence was spoken by a program, carried over real W E B R T C, and written down as it arrived."}
mkdir -p "$(dirname "$target")"
espeak-ng -v en-us -s 160 -w "${target%.ogg}.wav" "$text"
opusenc --quiet --bitrate 32 "${target%.ogg}.wav" "$target"
