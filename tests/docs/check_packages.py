#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a find_package() of the CMake files has no line in deploy/packages.sh, which installs what it needs, and when the Homebrew formula
or the Dockerfile installs other things for a build than that list."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
files = [root / "CMakeLists.txt", *(root / "cmake").glob("*.cmake"), *(root / "server").rglob("CMakeLists.txt"),
         *(root / "tests").glob("CMakeLists.txt"), *(root / "tests").glob("*/CMakeLists.txt")]
needed = {name for file in files for name in re.findall(r"^\s*find_package\((\w+)", file.read_text(), re.M)}
listed = set(re.findall(r"\((\w+)\)$", (root / "deploy/packages.sh").read_text(), re.M))
missing = sorted(needed - listed - {"Threads"})
problems = [f"deploy/packages.sh has no line for find_package({name})" for name in missing]

for_tests = {"catch2", "python3"}   # formula and image build the program alone
build_list = re.search(r"^build_needs='(.*?)'", (root / "deploy/packages.sh").read_text(), re.M | re.S)[1]
rows = [[cell.split()[0] for cell in line.split("|")[1:]] for line in build_list.splitlines() if "|" in line]
debian = {{"BOOST": "libboost1.81-dev"}.get(row[0], row[0]) for row in rows} - for_tests - {"ca-certificates"}
brew = {row[1] for row in rows} - for_tests - {"-"}
formula = set(re.findall(r'depends_on "([^"]+)"', (root / "deploy/siltgate.rb").read_text()))
image = set(re.search(r"no-install-recommends (.*?) && rm", (root / "deploy/Dockerfile").read_text(), re.S)[1].replace("\\\n", " ").split())
if formula != brew:
    problems.append(f"deploy/siltgate.rb depends on other things than deploy/packages.sh says: {sorted(formula ^ brew)}")
if image != debian:
    problems.append(f"deploy/Dockerfile installs other things than deploy/packages.sh says: {sorted(image ^ debian)}")
print("\n".join(problems) or f"{len(needed)} packages are installed by deploy/packages.sh; formula and image agree")
sys.exit(1 if problems else 0)
