#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_completion.py PROGRAM: each completion script parses in its shell (where that is installed), and bash is asked what it offers."""
import shutil
import subprocess
import sys

program = sys.argv[1]
problems, asked = [], []


def script(shell):
    return subprocess.run([program, "completion", shell], capture_output=True, text=True, check=True, timeout=20).stdout


for shell, words in {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}.items():
    if not shutil.which(shell):
        continue
    asked.append(shell)
    parsed = subprocess.run([*words, "/dev/stdin"], input=script(shell), capture_output=True, text=True, timeout=60)
    if parsed.returncode != 0 or parsed.stderr:
        problems.append(f"{shell}: {parsed.stderr or parsed.returncode}")

OFFERS = {  # words typed, the last one unfinished -> what must be among the offers
    ("siltgate", "d"): {"doctor"},
    ("siltgate", "se"): {"setup", "service", "selftest"},
    ("siltgate", "setup", ""): {"opencode", "claude-code", "codex", "aider", "cline", "--write", "--undo"},
    ("siltgate", "service", ""): {"install", "uninstall", "start", "stop", "status", "logs", "--user", "--system"},
    ("siltgate", "doctor", "--"): {"--probe", "--client", "--from-guest", "--bundle", "--json"},
    ("siltgate", "doctor", "--client", ""): {"opencode"},
    ("siltgate", "log", "--verdict", "p"): {"provider"},
}
if shutil.which("bash"):
    for typed, wanted in OFFERS.items():
        quoted = " ".join(f"'{word}'" for word in typed)
        body = script("bash") + f'COMP_WORDS=({quoted}); COMP_CWORD={len(typed) - 1}; _siltgate; printf "%s\\n" "${{COMPREPLY[@]}}"\n'
        offered = set(subprocess.run(["bash", "-c", body], capture_output=True, text=True, timeout=20).stdout.split())
        if not wanted <= offered:
            problems.append(f"bash offers {sorted(offered)} for {typed}, without {sorted(wanted - offered)}")

print("\n".join(problems) or f"completion holds in {', '.join(asked)}")
sys.exit(1 if problems or not asked else 0)
