#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deploy/test.sh [--quick|--coverage]: installs what the tests need, builds, runs every test. The last line counts.
#   (nothing)   release, address and thread sanitizer builds with their tests, then the real clients and the dashboard in Chromium
#   --quick     release build and its tests only
#   --coverage  instrumented build, its tests, and a table of line coverage per room
# SILTGATE_CORPUS names the folder of reference recordings; unset, ../shared/corpus beside the checkout is tried.
# SILTGATE_JOBS bounds the compile jobs. Needs no terminal and no stdin.
# shellcheck disable=SC2317  # called through step() and the exit trap
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"
exec </dev/null

mode=${1:-all}
case $mode in
  all | --quick | --coverage) ;;
  *)
    say 'usage: deploy/test.sh [--quick|--coverage]'
    exit 64
    ;;
esac

passed=0
failed=0
remarks=()  # failed and skipped tests, for the summary

finish() {
  local status=$?
  trap - EXIT
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  printf '\n'
  [ ${#remarks[@]} -eq 0 ] || printf '%s\n' "${remarks[@]}"
  printf 'took %d min %02d s\n' $((SECONDS / 60)) $((SECONDS % 60))
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || exit 1
  exit 0
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  failed=$((failed + 1))
  remarks+=("failed: $*")
}

# Says what it runs and how long that took; a failing step counts as one failed test.
step() {  # name, command
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@"
  local status=$?
  printf '== %s: %d s\n' "$name" $((SECONDS - started))
  [ "$status" -eq 0 ] || fail "$name"
  return "$status"
}

build() {  # preset, targets (all when none is named)
  local preset=$1
  shift
  cmake --preset "$preset" -DSILTGATE_TESTS=ON && cmake --build --preset "$preset" --parallel "$jobs" ${1+--target "$@"}
}

# Adds the results of a ctest run to the totals. A test that ctest could not start counts as failed.
count_junit() {  # name, file
  local kind name
  python3 - "$1" "$2" >"$2.txt" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

for case in tree.parse(sys.argv[2]).getroot().iter("testcase"):
    skip = case.find("skipped")
    if case.get("status") == "run":
        kind = "passed"
    elif skip is not None and "SKIP_" in (skip.get("message") or ""):
        kind = "skipped"
    else:
        kind = "failed"
    print(kind, f"{sys.argv[1]} {case.get('name')}")
PYTHON
  while read -r kind name; do
    case $kind in
      passed) passed=$((passed + 1)) ;;
      failed) fail "$name" ;;
      skipped) remarks+=("skipped: $name") ;;
    esac
  done <"$2.txt"
}

run_ctest() {  # name, ctest arguments
  local name=$1 junit=$root/build/junit-$1.xml before=$((passed + failed)) failed_before=$failed
  shift
  rm -f "$junit"
  ${fixed_addresses[@]+"${fixed_addresses[@]}"} \
    ctest "$@" --output-on-failure --parallel "$jobs" --timeout 300 --output-junit "$junit"
  local status=$?
  [ -f "$junit" ] && count_junit "$name" "$junit"
  if [ "$status" -ne 0 ] && [ "$failed" -eq "$failed_before" ]; then fail "$name: ctest ended with status $status"; fi
  if [ $((passed + failed)) -eq "$before" ]; then fail "$name: no test ran"; fi
}

# The SDKs under test need Node 20.10; Debian 12 has 18, whose npm fetches the newer program into build/.
ensure_newer_node() {
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 10) ? 0 : 1)' && return
  local machine=x64
  case $(uname -m) in aarch64 | arm64) machine=arm64 ;; esac
  [ -x "build/node/node_modules/node-linux-$machine/bin/node" ] ||
    npm install --prefix build/node --no-audit --no-fund --ignore-scripts "node-linux-$machine@20" || return
  PATH=$root/build/node/node_modules/node-linux-$machine/bin:$PATH
}

# Tests of a runner of node's: its totals ("# pass 5" or "ℹ pass 5") are added to ours.
run_node_tests() {  # name, folder under tests/
  local name=$1 log=$root/build/$2.log status failed_before=$failed
  printf '\n== %s\n' "$name"
  ${bounded[@]+"${bounded[@]}"} env SILTGATE_BIN="$root/build/release/siltgate" "tests/$2/run.sh" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  total() { awk -v word="$1" '($1 == "#" || $1 == "ℹ") && $2 == word { sum += $3 } END { print sum + 0 }' "$log"; }
  local good bad skipped
  good=$(total pass)
  bad=$(($(total fail) + $(total cancelled)))
  skipped=$(($(total skipped) + $(total todo)))
  passed=$((passed + good))
  failed=$((failed + bad))
  [ "$bad" -eq 0 ] || remarks+=("failed: $name, $bad of $((good + bad))")
  [ "$skipped" -eq 0 ] || remarks+=("skipped: $name, $skipped")
  if [ "$status" -ne 0 ] && [ "$failed" -eq "$failed_before" ]; then
    fail "$name: the runner ended with status $status"
  elif [ "$status" -eq 0 ] && [ $((good + bad)) -eq 0 ]; then
    fail "$name: no test ran"
  fi
}

build_coverage() {
  cmake -S . -B build/coverage -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=--coverage &&
    find build/coverage -name '*.gcda' -delete && cmake --build build/coverage --parallel "$jobs"
}

# Line coverage of the rooms that decide something; the others are judged by the flow tests.
# gcovr removes what --output names before it writes: never a device.
report_coverage() {
  gcovr --root . --object-directory build/coverage --filter server/ --json-summary build/coverage.json \
    --gcov-ignore-parse-errors --exclude-directories '.*CompilerIdCXX' || return  # g++ 12 may count a branch below zero
  python3 - <<'PYTHON'
import json

files = json.load(open("build/coverage.json"))["files"]
print("\nroom        lines  covered")
for room in ("schedule", "stream", "http", "route", "observe"):
    own = [f for f in files if f["filename"].startswith(f"server/{room}/")]
    lines, covered = sum(f["line_total"] for f in own), sum(f["line_covered"] for f in own)
    print(f"{room:10} {lines:6}  " + (f"{100 * covered / lines:6.1f} %" if lines else "no lines"))
PYTHON
}

needs=("$build_needs" "$test_needs")
[ "$mode" != all ] || needs+=("$browser_needs")
[ "$mode" != --coverage ] || needs+=("$coverage_needs")
ensure_packages "${needs[@]}"
jobs=$(jobs_here)
mkdir -p build
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1  # what one clone compiled serves the next

if [ -z "${SILTGATE_CORPUS:-}" ] && [ -d ../shared/corpus ]; then
  SILTGATE_CORPUS=$(cd ../shared/corpus && pwd)
  export SILTGATE_CORPUS
fi
if [ -n "${SILTGATE_CORPUS:-}" ]; then
  say "reference corpus: $SILTGATE_CORPUS"
else
  say 'reference corpus absent: SILTGATE_CORPUS is unset; the tests that read it use their own small samples'
  remarks+=('corpus absent: tests of recorded streams used small samples only (set SILTGATE_CORPUS)')
fi

# The sanitizers of g++ 12 cannot map their shadow where some kernels place a program at random.
fixed_addresses=()
if command -v setarch >/dev/null && setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed_addresses=(setarch "$(uname -m)" -R)
fi
bounded=()
if command -v timeout >/dev/null; then bounded=(timeout -k 10 600); fi

if [ "$mode" = --coverage ]; then
  step 'coverage build' build_coverage && run_ctest coverage --test-dir build/coverage && step 'coverage' report_coverage
  exit 0
fi
step 'release build' build release && run_ctest release --preset release
[ "$mode" != --quick ] || exit 0
step 'the measuring programs compile' build release benches   # nothing else builds them
step 'asan build' build asan && run_ctest asan --preset asan
# Threads meet only where tests run siltgate beside themselves; the unit tests are one thread each.
step 'tsan build' build tsan flow_tests shared_tests && run_ctest tsan --preset tsan --tests-regex '^(flow|shared)'
step 'node for the clients' ensure_newer_node || exit 1
run_node_tests 'real clients' clients
if has_chromium; then
  run_node_tests 'the dashboard in Chromium' browser
else
  remarks+=('skipped: the dashboard in Chromium: no browser is installed (set CHROMIUM)')
fi
exit 0
