#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_commands.py SOURCE PROGRAM: does what README.md, docs/quickstart.md and docs/clients/*.md tell a reader to type, from the first block
of each page to the last, and then what their prose names. Fails when a command ends otherwise than it should, does not print what the
page shows under it, or does not make the file that the page shows; and on a command of which nobody has said how it is tried.
Exit 77 (skipped) while there is no program."""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from pages import blocks, spans, told_pages  # noqa: E402
from reader import Reader  # noqa: E402

root = pathlib.Path(sys.argv[1]).resolve()
program = sys.argv[2] if len(sys.argv) > 2 else ""
if not os.access(program, os.X_OK):
    print(f"SKIPPED: no siltgate program at '{program}'; build it first")
    sys.exit(77)

problems, tried, elsewhere = [], 0, []
name = r"^(siltgate|deploy/run\.sh)"


def presets(command):
    """The preset and every -D are there."""
    options = re.findall(r"-D(\w+)=", command)
    return "release" in json.dumps(json.loads((root / "CMakePresets.json").read_text())["buildPresets"]) and \
        all(f"option({option} " in (root / "CMakeLists.txt").read_text() for option in options)


def flags_of_the_script(command):
    return all(flag in (root / "deploy/test.sh").read_text() for flag in re.findall(r"--\w+", command.split("#")[0]))


# What cannot be typed in a test: why, and what is looked at instead (besides the shell's own parser).
ELSEWHERE = [
    (r"^cmake --preset release -DSILTGATE_TESTS=OFF && cmake --build --preset release && sudo cmake --install", "builds and installs; this very program was built by that preset", presets),
    (r"^deploy/test\.sh", "runs this test", flags_of_the_script),
    (r"^opencode run ", "needs opencode; tests/clients/newcomer.test.mjs does it with two of its versions",
     lambda command: "runOpencodeAtHome" in (root / "tests/clients/newcomer.test.mjs").read_text()),
]
# The second: what it must say before it is ended again. Follows and waits by itself.
GOES_ON = [(name + r" log -f", None), (name + r" status --watch", r"siltgate \d"), (name + r" replay ", r"http://127\.0\.0\.1:\d+")]
# Exit codes other than 0 that are right: what the pages let happen before is a damaged answer, which ends with a cut.
EXITS = [(name + r" why", {0, 10}), (r"^curl .*demo/splice", {18})]


def complain(place, sentence):
    problems.append(f"{place}: {sentence}")


def first(table, command):
    return next((row for row in table if re.search(row[0], command)), None)


def judge(place, command, code, said):
    right = (first(EXITS, command) or (None, {0}))[1]
    if code not in right:
        complain(place, f"`{command}` ended with {code}:\n{said[-1500:]}")


def with_dry_run(command):
    """Services are planned, not installed: a test has no service manager."""
    return re.sub(r"(siltgate service \w+[^&#]*?)(?=\s*(&&|#|$))", r"\1 --dry-run", command)


def service_does(reader, command):
    """What the planned steps of a service would have done and the next commands build on: `install` writes a configuration where there is
    none, `start` starts what the unit starts."""
    if "service install" in command and not (reader.home / ".config/siltgate/siltgate.jsonc").exists():
        return reader.type("mkdir -p ~/.config/siltgate && siltgate config --init ~/.config/siltgate/siltgate.jsonc")
    if "service start" in command:
        up, said = reader.serve("siltgate run")
        return (0 if up else 1), said
    return 0, ""


def serves(command):
    words = command.split("#")[0].split()
    return words[:1] in (["siltgate"], ["deploy/run.sh"]) and (len(words) == 1 or words[1].startswith("--") or words[1] == "run")


def do(reader, place, command):
    """What it said, for the comparison with the page."""
    global tried
    known = first(ELSEWHERE, command)
    if known:
        elsewhere.append(f"{place}: `{command}`: {known[1]}")
        parsed = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
        if parsed.returncode != 0 or not known[2](command):
            complain(place, f"`{command}` does not hold: {parsed.stderr}")
        return ""
    tried += 1
    if serves(command):
        up, said = reader.serve(command)
        if not up:
            complain(place, f"`{command}` does not come to listen:\n{said}")
        return said
    goes_on = first(GOES_ON, command)
    if goes_on:
        seen, said = reader.watch(command, goes_on[1] or "")
        if not seen:
            complain(place, f"`{command}` says nothing like {goes_on[1]}:\n{said}")
        return said
    if not re.search(name + r" |^(curl|printf|export|mkdir) ", command):
        complain(place, f"`{command}`: nobody has said how this is tried; add it to tests/docs/run_commands.py")
        return ""
    code, said = reader.type(with_dry_run(command))
    judge(place, command, code, said)
    done, told = service_does(reader, command)
    if done != 0:
        complain(place, f"what `{command}` stands for ended with {done}:\n{told[-1500:]}")
    return said


def shown(reader, place, wanted, said):
    """Every line of the page's output stands in what was said, in this order; an ellipsis stands for anything."""
    lines, at = said.splitlines(), 0
    for line in filter(str.strip, reader.here(wanted).splitlines()):
        pattern = ".*".join(re.escape(part) for part in line.rstrip().split("…"))
        hit = next((i for i in range(at, len(lines)) if re.search(pattern, lines[i])), None)
        if hit is None:
            complain(place, f"the page shows a line that did not come: {line}\nwhat came:\n{said[-2500:]}")
            return
        at = hit + 1


def holds(part, whole):
    """A JSON document contains another."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and holds(value, whole[key]) for key, value in part.items())
    return part == whole


CLIENT_FILES = {"opencode": ".config/opencode/opencode.json", "claude-code": ".claude/settings.json", "codex": ".codex/config.toml",
                "aider": ".aider.conf.yml"}


def made(reader, place, page, block, client):
    """A block that shows a client's file: `setup CLIENT` makes it."""
    text = reader.here(block.text)
    if not client:
        json.loads(text)
        return
    file = reader.home / CLIENT_FILES[client]
    reader.type(f"siltgate setup {client} --write")
    content = file.read_text() if file.exists() else ""
    if block.language == "json":
        right = bool(content) and holds(json.loads(text), json.loads(content))
    else:
        right = all(line in content.splitlines() for line in text.splitlines())
    if not right:
        complain(place, f"setup {client} does not make what {page.name} shows; it made:\n{content}")


def settings(reader, place, block):
    """A piece of siltgate's own configuration is read with every check."""
    file = reader.folder / "piece.jsonc"
    file.write_text(block.text if block.text.lstrip().startswith("{") else "{" + block.text + "}")
    code, said = reader.type(f"siltgate config --effective --config {file} --upstream demo:")
    if code != 0:
        complain(place, f"siltgate refuses this configuration:\n{said}")


def client_of(page, commands):
    """Whose file a page shows: that of the client that was set up last, or of the page."""
    named = [word for command in commands for word in re.findall(r"setup ([a-z-]+)", command)]
    return named[-1] if named else page.stem if page.stem in CLIENT_FILES else "opencode"


def walk(reader, page):
    said, typed = "", []
    for block, under_commands in blocks(page):
        place = f"{page.relative_to(root)}:{block.line}"
        if block.language == "sh":
            said = ""
            for command in block.commands:
                typed.append(command)
                said += do(reader, place, command)
        elif not block.language and under_commands:
            shown(reader, place, block.text, said)
        elif block.language == "jsonc":
            settings(reader, place, block)
        elif block.language in ("json", "yaml", "toml"):
            custom = '"npm"' in block.text   # a provider of the reader's own making: only its form can be judged
            made(reader, place, page, block, None if custom else client_of(page, typed))


def two_exchanges(reader):
    reader.serve("siltgate --upstream demo:")
    for model in ("demo/echo", "demo/splice"):
        body = json.dumps({"model": model, "stream": True, "demo_pace_ms": 0, "messages": [{"role": "user", "content": "hi"}]})
        reader.type(f"curl -sN http://127.0.0.1:4290/v1/chat/completions -d '{body}'")


def prose(reader, page):
    done = set()
    (reader.home / ".config/siltgate/siltgate.jsonc").unlink(missing_ok=True)   # of the service, whose provider no test can reach
    for command, is_name in spans(page):
        place = str(page.relative_to(root))
        if command in done or re.search(r"\b[A-Z]{2,}\b|…|\[", re.sub(r"NAME=URL", "NAME", command)):
            continue   # a placeholder; its verb and flags are for check_commands.py
        done.add(command)
        if is_name:
            code, said = reader.type(f"{command} --help")
            judge(place, command, code, said)
            continue
        if reader.server is None or reader.server.poll() is not None or "demo" not in reader.log.read_text():
            two_exchanges(reader)
        do(reader, place, command)


def pieces_of_settings(reader):
    """The other pages tell nobody what to type in order, but what they show of siltgate's configuration is read too."""
    for page in sorted((root / "docs").glob("*.md")):
        for block, _ in blocks(page):
            if block.language == "jsonc" and page not in told_pages(root):
                settings(reader, f"{page.relative_to(root)}:{block.line}", block)


for page in told_pages(root):
    reader = Reader(root, program)
    try:
        if page.name == "README.md":
            pieces_of_settings(reader)
        walk(reader, page)
        prose(reader, page)
    except subprocess.TimeoutExpired as late:
        complain(page.relative_to(root), f"did not end: {late.cmd}")
    finally:
        reader.leave()

for line in elsewhere:
    print("not typed here:", line)
print("\n".join(problems) or f"{tried} commands of {len(told_pages(root))} pages were typed and hold, {len(elsewhere)} are tried elsewhere")
sys.exit(1 if problems or not tried else 0)
