#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a find_package() of the CMake files has no line in deploy/packages.sh, which installs what it needs."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
files = [root / "CMakeLists.txt", *(root / "cmake").glob("*.cmake"), *(root / "server").rglob("CMakeLists.txt"),
         *(root / "tests").glob("CMakeLists.txt"), *(root / "tests").glob("*/CMakeLists.txt")]
needed = {name for file in files for name in re.findall(r"^\s*find_package\((\w+)", file.read_text(), re.M)}
listed = set(re.findall(r"\((\w+)\)$", (root / "deploy/packages.sh").read_text(), re.M))
missing = sorted(needed - listed - {"Threads"})
print("\n".join(f"deploy/packages.sh has no line for find_package({name})" for name in missing) or
      f"{len(needed)} packages are installed by deploy/packages.sh")
sys.exit(1 if missing else 0)
