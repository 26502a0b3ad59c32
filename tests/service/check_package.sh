#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_package.sh BUILD_FOLDER: builds the Debian package and judges it. As root of a machine that may be used for it
# (SILTGATE_INSTALL=1) it is also installed, upgraded over an edited configuration, and purged.
# Exit 77 (skipped) without cpack or dpkg.
set -eu
build=$1
for program in cpack dpkg-deb gzip; do
  command -v "$program" >/dev/null || { echo "SKIPPED: no $program"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

package() {  # version
  (cd "$work" && cpack -G DEB --config "$build/CPackConfig.cmake" -R "$1" -B "$work/$1" -D CPACK_PACKAGE_VERSION="$1" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; fail "cpack"; }
  echo "$work/$1/siltgate_$1_$(dpkg --print-architecture).deb"
}

deb=$(package 0.1.0)
[ -f "$deb" ] || fail "no package at $deb"
dpkg-deb -c "$deb" >"$work/files"
for file in ./etc/siltgate/siltgate.jsonc ./usr/bin/siltgate ./usr/lib/systemd/system/siltgate.service ./usr/lib/systemd/system/siltgate.socket \
  ./usr/lib/systemd/user/siltgate.service ./usr/share/man/man1/siltgate.1.gz ./usr/share/man/man5/siltgate.jsonc.5.gz \
  ./usr/share/bash-completion/completions/siltgate ./usr/share/zsh/vendor-completions/_siltgate ./usr/share/fish/vendor_completions.d/siltgate.fish \
  ./usr/share/doc/siltgate/copyright ./usr/share/doc/siltgate/changelog.gz ./usr/share/siltgate/example.jsonc \
  ./usr/share/siltgate/grafana/siltgate.json ./usr/share/siltgate/prometheus/siltgate.yml; do
  grep -q " $file\$" "$work/files" || fail "the package lacks $file"
done
! grep -q '/usr/local' "$work/files" || fail "files below /usr/local"
dpkg-deb -I "$deb" conffiles | grep -qx /etc/siltgate/siltgate.jsonc || fail "the configuration is no conffile"
dpkg-deb -x "$deb" "$work/root"
"$work/root/usr/bin/siltgate" check --config "$work/root/etc/siltgate/siltgate.jsonc" --listen 127.0.0.1:0 2>"$work/err" || fail "the configuration that ships: $(cat "$work/err")"
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning "$deb" || fail "lintian"
else
  echo "lintian is not installed: the package was only looked into"
fi

[ "${SILTGATE_INSTALL:-}" = 1 ] && [ "$(id -u)" = 0 ] || { echo "the package holds (not installed: SILTGATE_INSTALL=1 as root does)"; exit 0; }
[ ! -e /usr/bin/siltgate ] && [ ! -e /etc/siltgate ] || fail "siltgate is installed on this machine already"
dpkg -i "$deb" >"$work/log" 2>&1 || { cat "$work/log"; fail "dpkg -i"; }
/usr/bin/siltgate version | grep -q siltgate || fail "the installed program does not run"
if command -v systemd-analyze >/dev/null; then
  systemd-analyze verify --man=no /usr/lib/systemd/system/siltgate.service /usr/lib/systemd/system/siltgate.socket || fail "systemd-analyze verify"
fi
echo "// edited by its administrator" >>/etc/siltgate/siltgate.jsonc
dpkg -i "$(package 0.1.1)" >"$work/log" 2>&1 </dev/null || { cat "$work/log"; fail "upgrade"; }
tail -n 1 /etc/siltgate/siltgate.jsonc | grep -q "edited by" || fail "the upgrade lost an edited configuration"
dpkg --purge siltgate >"$work/log" 2>&1 || { cat "$work/log"; fail "purge"; }
for rest in /etc/siltgate /usr/bin/siltgate /usr/share/doc/siltgate /usr/share/siltgate /usr/lib/systemd/system/siltgate.service; do
  [ ! -e "$rest" ] || fail "purging left $rest"
done
echo "the package installs, upgrades and purges"
