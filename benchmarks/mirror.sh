#!/usr/bin/env bash
# What the mirror costs, against reverse proxies before the same Stream, an nginx that answers 1 KB: nginx, YARP, and the least
# that forwards on ASP.NET Core.
#
#   benchmarks/mirror.sh [throughput]         requests a second, 64 connections, in turns; --rounds 5 --seconds 5
#   benchmarks/mirror.sh memory               resident memory under load;                  --seconds 300
#   benchmarks/mirror.sh upload               extra memory of a large upload;              --mib 1024
#   benchmarks/mirror.sh start                time to serve, and to describe the API;      --rounds 5
#
# Ends with 0 when its bound held. Build first: dotnet build -c Release. Needs nginx, wrk, curl and python3.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=throughput rounds=5 seconds= mib=1024
while [ $# -gt 0 ]; do
  case $1 in
    throughput | memory | upload | start) mode=$1 ;;
    --rounds) rounds=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    --mib) mib=$2; shift ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

gateway=artifacts/bin/Gateway/release/Gateway.dll
proxy=artifacts/bin/Bare.Proxy/release/Bare.Proxy.dll
[ -f "$gateway" ] && [ -f "$proxy" ] || { echo "build first: dotnet build -c Release" >&2; exit 2; }
PATH=$PATH:/usr/sbin
for tool in nginx wrk curl python3; do
  command -v $tool >/dev/null || { echo "$tool is missing: apt-get install nginx-light wrk curl python3" >&2; exit 2; }
done

key=the-key-of-the-benchmark
path=/api/v2/video/call/default/demo
work=$(mktemp -d)
started=()
trap '[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true; wait 2>/dev/null; rm -rf "$work"' EXIT

free_ports() { python3 - "$1" <<'PY'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))
PY
}
read -r stream_port nginx_port gateway_port yarp_port bare_port < <(free_ports 5)

start_nginx() {
  mkdir "$work/www" && head -c 1024 /dev/zero | tr '\0' x >"$work/www/answer"
  cat >"$work/nginx.conf" <<CONF
worker_processes auto;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  upstream stream { server 127.0.0.1:$stream_port; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:$stream_port;
    location / { default_type application/json; root $work/www; try_files /answer =404; }
  }
  server {
    listen 127.0.0.1:$nginx_port;
    location / { proxy_pass http://stream; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
CONF
  nginx -p "$work" -c "$work/nginx.conf" -e "$work/error.log" &
  started+=($!)
}

# As an operator runs it: with a key, before a Stream of its own address, and with the container's environment.
start_gateway() {
  DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 PORT=$gateway_port STREAM_API_KEY=key STREAM_API_SECRET=secret-of-the-benchmark STREAM_BASE_URL=http://127.0.0.1:$stream_port \
    Auth__Keys__0__Name=benchmark Auth__Keys__0__Key=$key Auth__Keys__0__Scopes__0=rest \
    dotnet "$gateway" >"$work/gateway.log" 2>&1 &
  gateway_pid=$!
  started+=("$gateway_pid")
  await "$gateway_port" || { cat "$work/gateway.log" >&2; return 1; }
}

start_proxy() { # KIND PORT
  dotnet "$proxy" "$1" "$2" "http://127.0.0.1:$stream_port" &
  started+=($!)
  await "$2"
}

await() { # PORT
  for _ in $(seq 300); do
    curl -s -o "$work/answer" "http://127.0.0.1:$1/health/live" && return
    sleep 0.05
  done
  return 1
}

load() { # PORT SECONDS: requests a second
  wrk -t2 -c64 -d"$2s" -H "Authorization: Bearer $key" "http://127.0.0.1:$1$path" >"$work/wrk.log"
  if grep -q "Non-2xx" "$work/wrk.log"; then cat "$work/wrk.log" >&2; return 1; fi
  awk '/Requests\/sec/ {print $2}' "$work/wrk.log"
}

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
resident() { awk '/^VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$gateway_pid/status"; }
peak() { awk '/^VmHWM/ {printf "%.1f", $2 / 1024}' "/proc/$gateway_pid/status"; }
holds() { awk "BEGIN {exit !($1)}"; }

throughput() {
  start_nginx
  start_gateway
  start_proxy yarp "$yarp_port"
  start_proxy bare "$bare_port"
  for port in "$gateway_port" "$yarp_port" "$bare_port"; do
    load "$port" 12 >/dev/null # until the hot path is compiled for good
  done
  load "$nginx_port" 2 >/dev/null
  for round in $(seq "$rounds"); do
    line="round $round:"
    for proxy in nginx gateway yarp bare; do
      port=${proxy}_port
      rate=$(load "${!port}" "${seconds:-5}")
      echo "$rate" >>"$work/$proxy.rates"
      line+=" $proxy $rate/s"
    done
    echo "$line"
  done
  of_nginx=$(ratio gateway nginx) of_yarp=$(ratio gateway yarp)
  echo "medians: the gateway has $of_nginx of nginx's rate (asked: 0.80) and $of_yarp of YARP's (bound: 0.95);" \
    "bare ASP.NET Core has $(ratio bare nginx) of nginx's"
  holds "$of_nginx >= 0.80 || $of_yarp >= 0.95"
}

ratio() { awk "BEGIN {printf \"%.2f\", $(median <"$work/$1.rates") / $(median <"$work/$2.rates")}"; }

memory() {
  start_nginx
  start_gateway
  local total=${seconds:-300} every=10
  [ "$total" -ge 100 ] || every=$((total / 10 > 0 ? total / 10 : 1))
  load "$gateway_port" "$total" >"$work/rate" &
  local loading=$!
  started+=("$loading")
  for at in $(seq "$every" "$every" "$((total - 1))"); do
    sleep "$every"
    resident | tee -a "$work/rss" | sed "s/^/after $at s: /; s/\$/ MiB\n/"
    echo >>"$work/rss"
  done
  wait "$loading"
  local samples third
  samples=$(wc -l <"$work/rss") third=$(( ($(wc -l <"$work/rss") + 2) / 3 ))
  early=$(tail -n +$((third + 1)) "$work/rss" | head -n "$third" | median)
  late=$(tail -n "$third" "$work/rss" | median)
  echo "$(cat "$work/rate") requests/s for $total s; $samples samples; median of the second third $early MiB, of the last $late MiB (bound: at most 10 % more)"
  holds "$late <= 1.1 * $early"
}

upload() {
  python3 - "$stream_port" >"$work/upload.log" 2>&1 <<'PY' &
import http.server, sys
class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        answer = b'{"bytes":%d}' % int(self.headers["Content-Length"])
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink).serve_forever()
PY
  started+=($!)
  start_gateway
  truncate -s "${mib}M" "$work/file"
  send() { curl -sf -X POST -T "$1" -H "X-Api-Key: $key" -H "Content-Type: application/octet-stream" "http://127.0.0.1:$gateway_port/api/v2/uploads/file"; }
  head -c 1000000 /dev/zero >"$work/small" && send "$work/small" >/dev/null # what is loaded once is not the upload's
  local before after
  before=$(resident)
  echo 5 >"/proc/$gateway_pid/clear_refs" # the peak starts anew
  local began=$EPOCHREALTIME
  [ "$(send "$work/file")" = "{\"bytes\":$((mib * 1024 * 1024))}" ]
  after=$(peak)
  awk "BEGIN {printf \"%d MiB in %.1f s; resident before %.1f MiB, at most %.1f MiB: %.1f MiB more (bound: 64)\n\", $mib, $EPOCHREALTIME - $began, $before, $after, $after - $before}"
  holds "$after - $before < 64"
}

start() {
  for round in $(seq "$rounds"); do
    read -r stream_port gateway_port < <(free_ports 2)
    local began=$EPOCHREALTIME
    start_gateway
    local up=$EPOCHREALTIME
    curl -s -o "$work/answer" "http://127.0.0.1:$gateway_port/openapi/v1.json"
    local described=$EPOCHREALTIME
    curl -s -o "$work/answer" "http://127.0.0.1:$gateway_port/openapi/v1.json"
    awk "BEGIN {printf \"round $round: serves after %d ms; description made in %d ms, then served in %d ms\n\", ($up - $began) * 1000, ($described - $up) * 1000, ($EPOCHREALTIME - $described) * 1000}"
    kill "$gateway_pid" && wait "$gateway_pid" || true
  done
}

"$mode"
