# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh and test.sh: which packages siltgate needs, which are missing, how to install them.
# Checks before it installs, so that a complete machine needs neither network nor root. Works with bash 3.2 (macOS).

# A line per package: what proves that it is there | Debian package | Homebrew formula ("-" = part of the system).
# `cmd X` is a program on PATH, `pkg` asks the package system, the rest are functions below.
# The name in brackets is the find_package() of the CMake files that needs it; a test holds the two together.
build_needs='
cmd c++      | g++                | -
cmd cmake    | cmake              | cmake
cmd ninja    | ninja-build        | ninja
cmd python3  | python3            | -               (Python3)
boost        | BOOST              | boost           (Boost)
pkg          | libssl-dev         | openssl@3       (OpenSSL)
pkg          | nlohmann-json3-dev | nlohmann-json   (nlohmann_json)
pkg          | libfmt-dev         | fmt             (fmt)
pkg          | libcli11-dev       | cli11           (CLI11)
pkg          | catch2             | catch2          (Catch2)
pkg          | zlib1g-dev         | -               (ZLIB)
pkg          | ca-certificates    | -
'

test_needs='
cmd ccache   | ccache             | ccache
cmd curl     | curl               | curl
cmd ip       | iproute2           | -
cmd setarch  | util-linux         | -
cmd groff    | groff              | groff
cmd lintian  | lintian            | -
cmd faketime | faketime           | -
cmd systemctl | systemd           | -
node         | nodejs             | node
cmd npm      | npm                | node
cmd redis-server | redis-server   | redis
'

# Besides the node of test_needs, for the dashboard in a real browser.
browser_needs='
chromium     | chromium           | -
'

# Debian's packages start services of their own; the bench uses the programs alone, on ports of its own.
bench_needs='
cmd nginx    | nginx              | nginx
cmd haproxy  | haproxy            | haproxy
cmd openssl  | openssl            | openssl@3
cmd taskset  | util-linux         | -
'

coverage_needs='
cmd gcovr    | gcovr              | gcovr
'

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# debian, macos or unknown. Debian stands for every system with apt.
system_name() {
  if [ "$(uname -s)" = Darwin ]; then
    echo macos
  elif command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    echo debian
  else
    echo unknown
  fi
}

# Compile jobs: SILTGATE_JOBS, else one per core and 1.5 GB of memory for each.
jobs_here() {
  [ -z "${SILTGATE_JOBS:-}" ] || { echo "$SILTGATE_JOBS"; return; }
  local cores memory_mb
  if [ "$(uname -s)" = Darwin ]; then
    cores=$(sysctl -n hw.ncpu)
    memory_mb=$(($(sysctl -n hw.memsize) / 1048576))
  else
    cores=$(nproc)
    memory_mb=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
  fi
  local by_memory=$((memory_mb / 1500))
  [ "$by_memory" -lt 1 ] && by_memory=1
  if [ "$cores" -lt "$by_memory" ]; then echo "$cores"; else echo "$by_memory"; fi
}

# Boost 1.81 or newer, under whichever package name: the header says its version (108100 = 1.81.0).
has_boost() {
  local header
  for header in /usr/include/boost/version.hpp /usr/local/include/boost/version.hpp \
    /opt/homebrew/include/boost/version.hpp; do
    [ -r "$header" ] || continue
    [ "$(awk '/^#define BOOST_VERSION/ { print $3 }' "$header")" -ge 108100 ] && return 0
  done
  return 1
}

# The dashboard's tests look in these places (tests/browser/support/dashboard.mjs). On macOS a browser is the user's own choice.
has_chromium() {
  local place
  for place in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome \
    '/Applications/Chromium.app/Contents/MacOS/Chromium' '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'; do
    [ -z "$place" ] || [ ! -x "$place" ] || return 0
  done
  return 1
}

has_node() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 18 ] 2>/dev/null
}

has_package() {  # system, package name on that system
  case $1 in
    debian) [ "$(dpkg-query -W -f='${db:Status-Status}' "$2" 2>/dev/null)" = installed ] ;;
    macos) [ -d "${HOMEBREW_PREFIX:-$(brew --prefix)}/opt/$2" ] ;;
  esac
}

# Names of the packages of a list that are missing here, one per line.
missing_packages() {  # system, list
  local proof debian brew name
  while IFS='|' read -r proof debian brew; do
    read -r -a proof <<<"$proof"
    [ ${#proof[@]} -gt 0 ] || continue
    read -r debian _ <<<"$debian"
    read -r brew _ <<<"$brew"
    case $1 in macos) name=$brew ;; *) name=$debian ;; esac
    [ "$name" != - ] || continue
    case ${proof[0]} in
      cmd) command -v "${proof[1]}" >/dev/null && continue ;;
      boost) has_boost && continue ;;
      node) has_node && continue ;;
      chromium) has_chromium && continue ;;
      pkg) has_package "$1" "$name" && continue ;;
    esac
    echo "$name"
  done <<<"$2"
}

# Runs a command as root: directly, or through sudo (which may ask for a password only on a terminal).
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null; then
    die "installing packages needs root and there is no sudo. Run as root: $*"
  elif [ -t 0 ] || sudo -n true 2>/dev/null; then
    sudo "$@"
  else
    die "sudo wants a password and there is no terminal to ask on. Run first: sudo $*"
  fi
}

# Never removes or downgrades what is installed: then it stops and says so.
install_on_debian() {
  local names=("$@") i apt=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  as_root "${apt[@]}" update -q >&2 || say "apt-get update failed; trying with the package lists of last time"
  for i in "${!names[@]}"; do  # Debian 12 ships 1.74 as libboost-dev; later releases have no libboost1.81-dev
    [ "${names[i]}" = BOOST ] || continue
    if apt-cache show libboost1.81-dev >/dev/null 2>&1; then names[i]=libboost1.81-dev; else names[i]=libboost-dev; fi
  done
  as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -q -y --no-install-recommends --no-remove \
    "${names[@]}" >&2 || die "apt-get could not install: ${names[*]}. Its reason stands above; nothing was removed."
}

install_on_macos() {
  HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet "$@" >&2 || die "brew could not install: $*"
}

# Installs what the lists name and this machine lacks. Silent when nothing is missing.
ensure_packages() {  # one or more lists
  local system list name missing=()
  system=$(system_name)
  [ "$system" != unknown ] || { unknown_system; return; }
  if [ "$system" = macos ]; then
    xcode-select -p >/dev/null 2>&1 || die "no compiler: run 'xcode-select --install', then this again"
    command -v brew >/dev/null || die "Homebrew is missing: see https://brew.sh, then run this again"
    OPENSSL_ROOT_DIR=$(brew --prefix openssl@3)  # not linked into the prefix by Homebrew
    export OPENSSL_ROOT_DIR
  fi
  for list in "$@"; do
    while read -r name; do
      case " ${missing[*]-} " in *" $name "*) ;; *) [ -z "$name" ] || missing+=("$name") ;; esac
    done <<<"$(missing_packages "$system" "$list")"
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing: ${missing[*]}"
  "install_on_$system" "${missing[@]}"
  ! printf '%s\n' "${missing[@]}" | grep -qx -e BOOST -e boost || has_boost ||
    die "the packaged Boost is older than 1.81; install a newer one"
}

# Neither apt nor Homebrew: goes on if the programs are there, and lets CMake judge the libraries.
unknown_system() {
  local program lacking=''
  for program in c++ cmake ninja python3; do command -v "$program" >/dev/null || lacking="$lacking $program"; done
  say "$(uname -s) without apt or Homebrew: install these yourself: a C++20 compiler (g++ 12 or clang 14), cmake 3.25," \
    "ninja, python3, Boost 1.81, OpenSSL 3, nlohmann_json, fmt, CLI11, Catch2, zlib; for the tests also ccache, curl," \
    "nodejs 18 with npm, redis-server 6"
  [ -z "$lacking" ] || die "not found on PATH:$lacking"
}
