#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_live.py PROGRAM: `siltgate service` and the installed unit under a real systemd, a user manager of the test's own in a mount
namespace: install, start, a request, reload, a crash and its restart, stop with a stream under way, uninstall.
Exit 77 (skipped) where there is no systemd or namespaces are not permitted (root is needed)."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

program = str(pathlib.Path(sys.argv[1]).resolve())
manager = next((path for path in ("/lib/systemd/systemd", "/usr/lib/systemd/systemd") if os.access(path, os.X_OK)), None)
problems = []


def expect(holds, sentence):
    if not holds:
        problems.append(sentence)


def enter_namespace():
    """This script again, where /run/systemd is its own: systemd looks there for whether it may manage anything."""
    if os.environ.get("SILTGATE_LIVE_NAMESPACE"):
        return
    if not manager or os.geteuid() != 0 or not shutil.which("unshare"):
        sys.exit(77)
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
              'mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && exec "$0" "$@"']
    if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
        sys.exit(77)
    os.environ["SILTGATE_LIVE_NAMESPACE"] = "1"
    os.execvp(inside[0], [*inside, sys.executable, *sys.argv])


def run(*words):
    """(exit code, what was said)."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


def service(action):
    code, said = run(program, "service", action, "--user")
    expect(code == 0, "service %s: exit %d: %s" % (action, code, said))
    return said


def shown(name):
    return run("systemctl", "--user", "show", "--property=" + name, "--value", "siltgate.service")[1].strip()


def wait_until(holds, sentence, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            problems.append("never: " + sentence)
            return False
        time.sleep(0.05)
    return True


def page(port, path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return opener.open("http://127.0.0.1:%d%s" % (port, path), timeout=20).read().decode()
    except OSError as error:
        return "no answer: %s" % error


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def demo_stream(port, model="demo"):
    body = ('{"model":"%s","stream":true,"messages":[{"role":"user","content":"hi"}]}' % model).encode()
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return sock


def read_all(sock, until=None):
    data = b""
    while until is None or until not in data:
        got = sock.recv(65536)
        if not got:
            break
        data += got
    return data


def life_of_a_service(port, folder):
    configuration = folder / ".config/siltgate/siltgate.jsonc"
    configuration.parent.mkdir(parents=True)
    text = '{ "listen": ["127.0.0.1:%d"], "limits": { "connections": %d }, "providers": { "demo": { "base_url": "demo:" } } }'
    configuration.write_text(text % (port, 100))
    service("install")
    service("start")
    expect(shown("ActiveState") == "active", "after start it is " + shown("ActiveState"))   # Type=notify: start waits for READY=1
    expect(re.match(r"\d+ in flight", shown("StatusText")), "no status line: " + shown("StatusText"))
    expect(read_all(demo_stream(port)).endswith(b"0\r\n\r\n"), "the demo's stream is not whole")
    expect("active (running)" in service("status"), "status does not show it")

    pid = shown("MainPID")
    configuration.write_text(text % (port, 77))
    code, said = run("systemctl", "--user", "reload", "siltgate.service")
    expect(code == 0 and shown("MainPID") == pid, "reload: %d %s, pid %s then %s" % (code, said, pid, shown("MainPID")))
    configuration.write_text("{ no such thing")
    run("systemctl", "--user", "reload", "siltgate.service")
    expect(shown("ActiveState") == "active", "a broken configuration ended it at a reload")
    expect(page(port, "/-/healthz").startswith("ok"), "it does not answer after a refused reload: " + page(port, "/-/healthz"))
    configuration.write_text(text % (port, 77))

    os.kill(int(pid), signal.SIGKILL)
    if wait_until(lambda: shown("ActiveState") == "active" and shown("MainPID") not in (pid, "0"), "restarted after kill -9"):
        expect(read_all(demo_stream(port)).endswith(b"0\r\n\r\n"), "no whole stream after the restart")

    running = demo_stream(port)
    begun = read_all(running, b"data: ")
    service("stop")
    expect((begun + read_all(running)).endswith(b"0\r\n\r\n"), "stop cut a stream that had begun")
    expect(shown("ActiveState") == "inactive", "after stop it is " + shown("ActiveState"))
    expect(shown("Result") == "success", "its end was no success: " + shown("Result"))

    service("uninstall")
    expect(not (folder / ".config/systemd/user/siltgate.service").exists(), "uninstall left the unit")
    expect(configuration.exists(), "uninstall took the configuration")


def main():
    enter_namespace()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for variable in [v for v in os.environ if v.startswith(("XDG_", "SILTGATE_", "DBUS_", "NOTIFY_")) or v.lower().endswith("_proxy")]:
            if variable != "SILTGATE_LIVE_NAMESPACE":
                del os.environ[variable]
        (folder / "run").mkdir(mode=0o700)
        os.environ.update(HOME=name, XDG_RUNTIME_DIR=name + "/run")
        with open(name + "/manager.log", "w") as log:
            child = subprocess.Popen([manager, "--user", "--log-target=console"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            up = lambda: run("systemctl", "--user", "is-system-running")[1].strip() in ("running", "degraded")
            deadline = time.monotonic() + 20
            while not up():
                if child.poll() is not None or time.monotonic() > deadline:
                    print("no user manager comes up here: " + (folder / "manager.log").read_text()[-400:])
                    sys.exit(77)
                time.sleep(0.1)
            life_of_a_service(free_port(), folder)
        finally:
            run("systemctl", "--user", "exit")
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
        if problems:
            print((folder / "manager.log").read_text()[-2000:])
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
