#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_guest.py PROGRAM: a network namespace behind a link plays the virtual machine of docs/vm.md. siltgate waits on the host for the address
of a network that is not there yet, lets that network in and no other; `doctor --from-guest` is asked on both sides; a client in the guest gets
an answer. Exit 77 (skipped) where namespaces are not permitted (root and iproute2 are needed)."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

program = str(pathlib.Path(sys.argv[1]).resolve())
problems = []
own = os.getpid() % 10000
guest, host_link, guest_link = f"siltgate-guest-{own}", f"virbr{own}", f"sgg{own}"
network, stranger = f"198.18.{own % 250}", f"198.19.{own % 250}"   # for tests alone (RFC 2544)
address = f"{network}.1"


def expect(holds, sentence):
    if not holds:
        problems.append(sentence)


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True).returncode == 0


def plug_in():
    """The first guest starts: its network appears, with a second address of a network that siltgate does not know."""
    return all([ip("link", "add", host_link, "type", "veth", "peer", "name", guest_link, "netns", guest),
                ip("addr", "add", f"{address}/24", "dev", host_link), ip("addr", "add", f"{stranger}.1/24", "dev", host_link),
                ip("link", "set", host_link, "up"), ip("-n", guest, "link", "set", "lo", "up"),
                ip("-n", guest, "addr", "add", f"{network}.2/24", "dev", guest_link),
                ip("-n", guest, "addr", "add", f"{stranger}.2/24", "dev", guest_link), ip("-n", guest, "link", "set", guest_link, "up")])


def environment(home, more=()):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "XDG_STATE_HOME": str(home), **dict(more)}


def run(home, *words, inside=False, **more):
    """(exit code, what was said) on the host or in the guest."""
    command = (["ip", "netns", "exec", guest] if inside else []) + list(words)
    done = subprocess.run(command, env=environment(home, more.items()), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    return done.returncode, done.stdout


def start(home, settings):
    (home / "siltgate.jsonc").write_text(json.dumps(settings))
    log = (home / "log").open("w")
    child = subprocess.Popen([program, "run", "--config", str(home / "siltgate.jsonc")], env=environment(home), stdin=subprocess.DEVNULL, stdout=log,
                             stderr=subprocess.STDOUT)
    wait_for(home, r"listening on http://127\.0\.0\.1")
    return child


def wait_for(home, sign):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        said = (home / "log").read_text()
        if re.search(sign, said):
            return True
        time.sleep(0.05)
    expect(False, f"siltgate never said {sign}: {said}")
    return False


def free_port():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def on_loopback_only(home, port):
    child = start(home, {"listen": [f"127.0.0.1:{port}"], "providers": {"demo": {"base_url": "demo:"}}})
    code, said = run(home, program, "doctor", "--from-guest", "--config", str(home / "siltgate.jsonc"))
    line = f'"{address}:{port}", "wait": true, "allow": ["{network}.0/24"]'
    expect(code == 1 and line in said, f"on the host, loopback alone: exit {code}, without {line}:\n{said}")
    code, said = run(home, program, "doctor", "--from-guest", "--listen", f"{address}:{port}", inside=True)
    expect(code == 1 and "cannot be reached" in said, f"in the guest, nothing listens: exit {code}:\n{said}")
    child.terminate()
    child.wait(20)


def as_documented(home, in_guest, port):
    url = f"http://{address}:{port}"
    code, said = run(home, program, "doctor", "--from-guest", "--config", str(home / "siltgate.jsonc"))
    expect(code == 0 and f"guests in {network}.0/24 may use it" in said and f"NO_PROXY=127.0.0.1,localhost,{address}" in said,
           f"on the host: exit {code}:\n{said}")
    code, said = run(in_guest, program, "doctor", "--from-guest", "--listen", f"{address}:{port}", inside=True)
    expect(code == 0 and "siltgate on the host answers" in said, f"in the guest: exit {code}:\n{said}")
    code, said = run(in_guest, program, "doctor", "--from-guest", "--listen", f"{address}:{port}", inside=True, HTTP_PROXY="http://127.0.0.1:1")
    expect(code == 1 and re.search(rf"export NO_PROXY=\S*{re.escape(address)}", said), f"in the guest with a proxy: exit {code}:\n{said}")
    code, said = run(in_guest, "curl", "-sI", f"{url}/", inside=True)
    expect(code == 0 and said.startswith("HTTP/1.1 200"), f"curl -I from the guest: {code}\n{said}")
    body = json.dumps({"model": "demo/echo", "stream": True, "demo_pace_ms": 0, "messages": [{"role": "user", "content": "from the guest"}]})
    code, said = run(in_guest, "curl", "-sN", f"{url}/v1/chat/completions", "-d", body, inside=True)
    expect(code == 0 and "data: [DONE]" in said and "guest" in said, f"a chat from the guest: {code}\n{said[-600:]}")
    code, said = run(in_guest, program, "setup", "opencode", "--base-url", f"{url}/v1", "--write", inside=True)
    written = in_guest / ".config/opencode/opencode.json"
    expect(code == 0 and written.exists() and f"{url}/v1" in written.read_text(), f"setup in the guest: exit {code}:\n{said}")


def refusals(in_guest, port):
    url = f"http://{address}:{port}"
    code, said = run(in_guest, "curl", "-s", "-w", "%{http_code}", "--interface", f"{stranger}.2", f"{url}/", inside=True)
    expect(said.endswith("403") and f"peer {stranger}.2" in said, f"a stranger: {said}")
    code, said = run(in_guest, "curl", "-s", "-H", f"Host: host.lima.internal:{port}", f"{url}/v1/models", inside=True)
    expect("allowed_hosts" in said and "host.lima.internal" in said, f"a name that nobody allowed: {said}")


def forwarded_to_loopback(home, port):
    """Lima's user network and Docker Desktop hand the guest's connection to the host's loopback, under a Host of their own."""
    code, said = run(home, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: 192.168.5.2:{port}", f"http://127.0.0.1:{port}/v1/models")
    expect(said == "200", f"an allowed Host on loopback: {said}")


if os.geteuid() != 0 or not shutil.which("ip") or not ip("netns", "add", guest):
    print("SKIPPED: network namespaces are not permitted here")
    sys.exit(77)
try:
    with tempfile.TemporaryDirectory() as folder:
        home, in_guest = pathlib.Path(folder) / "host", pathlib.Path(folder) / "guest"
        home.mkdir()
        in_guest.mkdir()
        port = free_port()
        child = start(home, {"listen": [f"127.0.0.1:{port}", {"address": f"{address}:{port}", "wait": True, "allow": [f"{network}.0/24"]}],
                             "providers": {"demo": {"base_url": "demo:"}}, "admin": {"allowed_hosts": ["localhost", "192.168.5.2"]}})
        try:
            if not plug_in():
                print("SKIPPED: no link into a network namespace can be made here")
                sys.exit(77)
            if wait_for(home, re.escape(f"listening on http://{address}:{port}")):
                as_documented(home, in_guest, port)
                refusals(in_guest, port)
                forwarded_to_loopback(home, port)
        finally:
            child.terminate()
            expect(child.wait(30) == 0, "siltgate did not end with 0")
        on_loopback_only(home, port)
finally:
    ip("link", "del", host_link)
    ip("netns", "del", guest)
print("\n".join(problems) or "a guest reaches siltgate as docs/vm.md says")
sys.exit(1 if problems else 0)
