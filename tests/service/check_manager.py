#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_manager.py PROGRAM: plays the service manager to a real siltgate: hands over a listening socket, reads its notifications,
feeds nobody else. Fails when the program does not speak the protocol the units rely on."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

program = sys.argv[1]
problems = []


def expect(holds, sentence):
    if not holds:
        problems.append(sentence)


def start(folder, listener, listen, environment=()):
    """siltgate as the manager starts it; the socket is descriptor 3 and LISTEN_PID is its own process."""
    settings = pathlib.Path(folder) / "siltgate.jsonc"
    settings.write_text('{ "listen": ["%s"], "providers": { "demo": { "base_url": "demo:" } } }' % listen)
    env = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_RUNTIME_DIR": folder, "LISTEN_FDS": "1", **dict(environment)}
    script = 'LISTEN_PID=$$ exec "$0" run --config "$1" 3<&%d' % listener.fileno()
    return subprocess.Popen(["/bin/bash", "-c", script, program, str(settings)], env=env, pass_fds=[listener.fileno()],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def lines_until(manager, wanted, most=50):
    """Notifications up to the one that holds `wanted`; TimeoutError when it does not come."""
    seen = []
    for _ in range(most):
        seen += manager.recv(4096).decode().splitlines()
        if wanted in seen:
            return seen
    return seen


with tempfile.TemporaryDirectory() as folder:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(folder + "/notify")
    manager.settimeout(20)
    listener = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % listener.getsockname()[1]
    child = start(folder, listener, address, {"NOTIFY_SOCKET": folder + "/notify", "WATCHDOG_USEC": "400000"}.items())
    try:
        ready = lines_until(manager, "READY=1")
        expect("READY=1" in ready, "no READY=1")
        expect(any(line.startswith("STATUS=") for line in ready), "no STATUS beside READY=1")
        answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open("http://%s/-/healthz" % address, timeout=20)
        expect(answer.status == 200, "the socket that was handed over does not answer")
        expect("WATCHDOG=1" in lines_until(manager, "WATCHDOG=1"), "no WATCHDOG=1")
        child.send_signal(signal.SIGHUP)
        expect("RELOADING=1" in lines_until(manager, "RELOADING=1"), "no RELOADING=1")
        expect("READY=1" in lines_until(manager, "READY=1"), "no READY=1 after a reload")
        child.send_signal(signal.SIGTERM)
        expect("STOPPING=1" in lines_until(manager, "STOPPING=1"), "no STOPPING=1")
        expect(child.wait(20) == 0, "it did not end with 0")
    except (TimeoutError, OSError, subprocess.TimeoutExpired) as fault:
        problems.append("%s: %s" % (type(fault).__name__, fault))
    finally:
        child.kill()
        output = child.communicate()[0]
    if problems:
        print(output)

with tempfile.TemporaryDirectory() as folder:  # a socket that no listen entry names
    listener = socket.create_server(("127.0.0.1", 0))
    child = start(folder, listener, "127.0.0.1:0")
    other = "127.0.0.1:%d" % listener.getsockname()[1]
    output = child.communicate(timeout=20)[0]
    expect(child.returncode == 78, "a socket that is not in listen: exit %d instead of 78" % child.returncode)
    expect(other in output, "the refusal does not name %s: %s" % (other, output))


def unit_of(place):
    """What `service install` of a program at that path would write."""
    env = {"PATH": os.environ["PATH"], "HOME": str(place.parent), "XDG_CONFIG_HOME": str(place.parent)}
    done = subprocess.run([place, "service", "install", "--user", "--dry-run"], env=env, capture_output=True, text=True, timeout=20)
    block = done.stdout.partition("siltgate.service\n")[2]
    return "".join(line[4:] + "\n" for line in block.splitlines() if line.startswith("    "))


with tempfile.TemporaryDirectory(prefix="siltgate my tools 50% $new ") as folder:
    place = pathlib.Path(folder) / "siltgate"
    shutil.copy(program, place)
    unit = pathlib.Path(folder) / "unit" / "siltgate.service"
    unit.parent.mkdir()
    unit.write_text(unit_of(place))
    exec_start = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    expect(exec_start and "50%% $new" in exec_start[0], f"the unit of a program in {folder}: {exec_start}")
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--user", str(unit)], capture_output=True, text=True,
                              env={**os.environ, "XDG_RUNTIME_DIR": folder}, timeout=60)
        expect(done.returncode == 0 and not done.stderr.strip(), f"systemd-analyze verify of a program in {folder}: {done.stderr.strip()}")

print("\n".join(problems) or "siltgate speaks to the service manager")
sys.exit(1 if problems else 0)
