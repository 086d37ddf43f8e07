#!/bin/sh
# The library runs with the settings of the Go that builds it, not with those of an old one that a build without modules assumes.
set -eu
go=$1 library=$2
settings=$("$go" version -m "$library")
case $settings in
    *DefaultGODEBUG*) echo "$library runs with settings of an older Go:"; echo "$settings" | grep DefaultGODEBUG; exit 1 ;;
    *"	path	"*) echo "ok settings   $("$go" env GOVERSION)" ;;
    *) echo "$library does not tell how it was built"; exit 1 ;;
esac
