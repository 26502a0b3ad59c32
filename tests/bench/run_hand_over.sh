#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/run_hand_over.sh [waiting] [hand-overs]: builds the release preset, starts siltgate with cap 1 in front of the
# bench's own provider, and prints how long a permit takes from one finished stream to the next request in the queue.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
[ -f build/release/build.ninja ] || cmake --preset release >/dev/null
cmake --build --preset release --target siltgate hand_over >/dev/null
waiting=${1:-1000}
state=$(mktemp -d)
trap 'kill "$server" 2>/dev/null && wait "$server"; rm -rf "$state"' EXIT
cat >"$state/siltgate.jsonc" <<CONFIG
{ "listen": ["127.0.0.1:21911"], "default_provider": "bench",
  "providers": { "bench": { "base_url": "http://127.0.0.1:21921/v1", "limits": { "concurrency": 1 } } },
  "limits": { "connections": $((waiting + 100)), "repeat": { "max": 0 }, "queue": { "max_waiting": $((waiting + 100)) } } }
CONFIG
XDG_STATE_HOME=$state XDG_RUNTIME_DIR=$state taskset -c 0 build/release/siltgate --config "$state/siltgate.jsonc" --log-format text >"$state/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  if (exec 3<>/dev/tcp/127.0.0.1/21911) 2>/dev/null; then break; fi
  kill -0 "$server" 2>/dev/null || { cat "$state/log" >&2; exit 1; }
  sleep 0.05
done
build/release/tests/hand_over 21911 21921 "$waiting" "${2:-2000}"
