#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on any #include "room/..." that the dependency lines of docs/architecture.md do not allow,
on files over 400 lines, and on names that do not say what they hold."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
lines = re.findall(r"^    (\w+) +<-(.*)$", (root / "docs/architecture.md").read_text(), re.M)
allowed = {room: set(rest.split()) | {room} for room, rest in lines}
problems = []
for path in sorted((root / "server").rglob("*.?pp")):
    room = path.relative_to(root / "server").parts[0]
    room = "main" if room == "main.cpp" else room
    text = path.read_text()
    if room not in allowed:
        problems.append(f"{path}: room '{room}' is not in docs/architecture.md")
        continue
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include "(\w+)/', line)
        if found and found[1] in allowed and found[1] not in allowed[room]:
            problems.append(f"{path}:{number}: {room} must not include {found[1]}/")
        if re.match(r"\s*#\s*include <boost/(asio|beast)", line) and room in (
                "base", "stream", "schedule", "route", "observe", "settings"):
            problems.append(f"{path}:{number}: {room} must not include Asio or Beast")
    if text.count("\n") > 400:
        problems.append(f"{path}: {text.count(chr(10))} lines, the bound is 400")
    if re.search(r"(manager|handler|helper|util|common|impl|misc|_v2)", path.name):
        problems.append(f"{path}: the name does not say what it holds")
print("\n".join(problems) or f"layers hold: {len(allowed)} rooms")
sys.exit(1 if problems else 0)
