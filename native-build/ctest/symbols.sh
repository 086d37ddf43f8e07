#!/bin/sh
# The library shows exactly the functions of rtc.h: no more, no fewer.
set -eu
library=$1
header=$(dirname "$0")/../include/rtc.h
declared=$(sed -n 's/^RTC_API .*[ *]\([a-z_]*\)(.*/\1/p' "$header" | sort)
exported=$(nm -D --defined-only "$library" | awk '{print $3}' | sort)
[ -n "$declared" ] || { echo "no functions found in $header"; exit 1; }
if [ "$declared" != "$exported" ]; then
    echo "rtc.h declares:"; echo "$declared"; echo "$library exports:"; echo "$exported"
    exit 1
fi
echo "ok symbols    $(echo "$declared" | wc -l) functions"
