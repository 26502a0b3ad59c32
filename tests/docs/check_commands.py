#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_commands.py SOURCE PROGRAM: fails on a verb or flag that README.md or docs/ names and `siltgate --help` does not.
Looks at code blocks and code spans that start with `siltgate` or `deploy/run.sh`, and at bare `--flag` spans of the README.
Exit 77 (skipped) while there is no program."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
program = sys.argv[2] if len(sys.argv) > 2 else ""
if not os.access(program, os.X_OK):
    print(f"SKIPPED: no siltgate program at '{program}'; build it first")
    sys.exit(77)


def help_of(*words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def flags_in(text):
    return set(re.findall(r"(?<![\w-])(--?[a-zA-Z][\w-]*)", text))


status, top = help_of()
if status != 0:
    sys.exit(f"siltgate --help ended with status {status}:\n{top}")
verbs = {}  # verb -> the flags its help names


def verb_flags(verb):
    if verb not in verbs:
        known = re.search(rf"^\s+{re.escape(verb)}\b", top, re.M)
        code, text = help_of(verb) if known else (1, "")
        verbs[verb] = flags_in(text) if code == 0 else None
    return verbs[verb]


def check(command):
    """Problems of one command line."""
    try:
        words = shlex.split(command.split(" | ")[0].split(" && ")[0], comments=True)
    except ValueError:
        words = command.split()
    words = [word for word in words if word not in ("...", "…")]
    if not command.startswith("--"):
        words = words[1:]  # the program
    verb = next((word for word in words if re.fullmatch(r"[a-z]+", word)), None)
    if verb and words.index(verb) > 0:
        verb = None  # the value of a flag: a verb comes first
    known = set(flags_in(top))
    if command.startswith("--"):  # a flag alone, in a sentence or table about some verb
        for name in re.findall(r"^\s+([a-z]+)\s{2,}", top, re.M):
            known |= verb_flags(name) or set()
    elif verb:
        if verb_flags(verb) is None:
            return [f"no verb '{verb}'"]
        known |= verb_flags(verb)
    used = [word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]
    return [f"no flag '{flag}'" + (f" of '{verb}'" if verb else "") for flag in used if flag not in known]


def commands(page):
    text = page.read_text()
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in lines + spans:
        line = re.sub(r"^(\$ |sudo |exec )+", "", line.strip())
        if re.match(r"(siltgate|deploy/run\.sh|build/release/siltgate)( |$)", line):
            yield line
        elif page.name == "README.md" and line in spans and line.startswith("--"):
            yield line


problems, checked = [], 0
for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
    for command in commands(page):
        checked += 1
        problems += [f"{page.relative_to(root)}: `{command}`: {problem}" for problem in check(command)]
print("\n".join(problems) or f"{checked} commands hold")
sys.exit(1 if problems or not checked else 0)
