#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""W8: from starting the program to its first answer, and what it costs at rest (CPU over 10 s, resident memory).

  start_up.py build/release/siltgate [--starts 20]
"""
import argparse
import os
import socket
import statistics
import subprocess
import tempfile
import time

BODY = b'{"model":"demo/echo","messages":[{"role":"user","content":"hi"}]}'
REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def first_answer(port, began):
    """Milliseconds from `began` to the first byte of an answer; asks as soon as somebody listens."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                sock.sendall(REQUEST)
                if sock.recv(65536).startswith(b"HTTP/1.1 200"):
                    return (time.perf_counter() - began) * 1000
                raise SystemExit("the first answer was no 200")
        except ConnectionRefusedError:
            time.sleep(0.0005)


def start(program, folder):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_RUNTIME_DIR": folder, "XDG_STATE_HOME": folder}
    began = time.perf_counter()
    child = subprocess.Popen([program, "--upstream", "demo:", "--listen", "127.0.0.1:%d" % port], env=environment,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return child, first_answer(port, began)


def cpu_ticks(pid):
    return sum(map(int, open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[11:13]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--starts", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(options.starts):
            child, taken = start(options.program, folder)
            times.append(taken)
            child.kill()
            child.wait()
        child, _ = start(options.program, folder)
        time.sleep(2)
        before = cpu_ticks(child.pid)
        time.sleep(10)
        spent = (cpu_ticks(child.pid) - before) / os.sysconf("SC_CLK_TCK") / 10
        memory = {line.split(":")[0]: int(line.split()[1]) for line in open("/proc/%d/smaps_rollup" % child.pid) if line.split(":")[0] in ("Rss", "Pss")}
        child.kill()
    print("first answer after %.0f ms (median of %d starts, slowest %.0f); at rest %.1f %% of a core, RSS %.1f MB, PSS %.1f MB"
          % (statistics.median(times), len(times), max(times), 100 * spent, memory["Rss"] / 1024, memory["Pss"] / 1024))


main()
