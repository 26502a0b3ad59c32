#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the systemd units or the launchd plist do not parse, disagree with the documented behaviour, or when the
sandbox of the system unit weakens. systemd-analyze is asked too where it is installed."""
import os
import pathlib
import plistlib
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
deploy = root / "deploy"
problems = []


def expect(holds, sentence):
    if not holds:
        problems.append(sentence)


def parse_unit(path):
    """{section: {key: [values]}} of a unit file; a line that is none of comment, section, assignment is a problem."""
    sections, current = {}, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line[0] in "#;":
            continue
        heading = re.fullmatch(r"\[(\w+)\]", line)
        setting = re.fullmatch(r"(\w+)=(.*)", line)
        if heading:
            current = sections.setdefault(heading[1], {})
        elif setting and current is not None:
            current.setdefault(setting[1], []).append(setting[2])
        else:
            problems.append(f"{path.name}:{number}: not a unit file line: {line}")
    return sections


def first(unit, key):
    return unit.get("Service", {}).get(key, [""])[0]


def analyze(*unit_paths, scope=()):
    """systemd-analyze verify on copies whose program exists; units that belong together are judged together."""
    with tempfile.TemporaryDirectory() as folder:
        copies = [pathlib.Path(folder) / path.name for path in unit_paths]
        for path, copy in zip(unit_paths, copies):
            copy.write_text(path.read_text().replace("/usr/bin/siltgate", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *scope, *map(str, copies)], capture_output=True,
                              text=True, env={**os.environ, "XDG_RUNTIME_DIR": folder}, timeout=60)
        expect(done.returncode == 0 and not done.stderr.strip(),
               f"systemd-analyze verify {' '.join(scope)} {unit_paths}: {done.stderr.strip()}")


system, user = parse_unit(deploy / "siltgate.service"), parse_unit(deploy / "user/siltgate.service")
socket = parse_unit(deploy / "siltgate.socket")
expect(socket.get("Socket", {}).get("ListenStream") == ["127.0.0.1:4290"], "siltgate.socket: listens on the default address")
keys = parse_unit(deploy / "siltgate.service.d/keys.conf")
for unit in (system, user):
    expect(first(unit, "Type") == "notify", "units: Type=notify is what siltgate speaks")
    expect(first(unit, "ExecStart").startswith("/usr/bin/siltgate run"), "units: ExecStart runs 'siltgate run'")
    expect(int(first(unit, "WatchdogSec") or 0) > 0, "units: WatchdogSec, which siltgate feeds")
    expect(int(first(unit, "TimeoutStopSec") or 0) > 30, "units: TimeoutStopSec must exceed the default drain of 30 s")
expect("LoadCredential" in keys.get("Service", {}), "keys.conf: gives a credential")

with open(deploy / "com.siltgate.siltgate.plist", "rb") as file:
    agent = plistlib.load(file)
expect(agent.get("Label") == "com.siltgate.siltgate", "plist: the label is the file name")
expect("siltgate run" in " ".join(agent.get("ProgramArguments", [])), "plist: runs 'siltgate run'")
expect(agent.get("ExitTimeOut", 0) > 30, "plist: ExitTimeOut must exceed the default drain of 30 s")

if shutil.which("systemd-analyze"):
    analyze(deploy / "siltgate.service", deploy / "siltgate.socket")
    analyze(deploy / "user/siltgate.service", scope=["--user"])
    score = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15",
                            str(deploy / "siltgate.service")], capture_output=True, text=True, timeout=60)
    expect(score.returncode == 0, "systemd-analyze security: exposure above 1.5: " +
           (score.stdout.strip().splitlines() or [score.stderr])[-1])
    print("systemd-analyze agrees" if not problems else "systemd-analyze was asked")
else:
    print("systemd-analyze is not installed: the units were only parsed")
print("\n".join(problems) or "service files hold")
sys.exit(1 if problems else 0)
