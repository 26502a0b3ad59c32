#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a manual page in docs/man does not render without a warning. groff, man and mandoc are asked where they are installed;
exit 77 (skipped) where none of them is."""
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
renderers = {"mandoc": ["mandoc", "-T", "lint"], "groff": ["groff", "-ww", "-man", "-Tutf8"],
             "man": ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]}
present = {name: command for name, command in renderers.items() if shutil.which(name)}
pages = sorted((root / "docs/man").glob("*.[0-9]"))
problems = [] if pages else ["no pages in docs/man"]
for page in pages:
    for name, command in present.items():
        done = subprocess.run([*command, str(page)], capture_output=True, text=True, timeout=60)
        said = done.stderr + (done.stdout if name == "mandoc" else "")
        if done.returncode != 0 or said.strip():
            problems.append(f"{name}: {page.name}: {said.strip() or done.returncode}")
if not present:
    print("SKIPPED: neither mandoc nor groff nor man is installed")
    sys.exit(77)
print("\n".join(problems) or f"{len(pages)} pages render with {', '.join(present)}")
sys.exit(1 if problems else 0)
