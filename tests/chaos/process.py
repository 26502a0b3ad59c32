#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What only a process of its own can show: kill -9 and restart, SIGTERM under load, too few descriptors, slowloris, a
jumping clock, no core dump, no key left in memory, verbs that find it. Each scene is a function; a scene that fails raises.

  process.py build/release/siltgate [scene...]
"""
import glob
import signal
import socket
import sys
import tempfile
import time

from scenes_memory import key_leaves_memory, names_that_are_no_text, no_core_dump, prompt_memory_goes
from scenes_verbs import (closed_standard_descriptors, habits_of_other_daemons, started_while_another_drains, verbs_find_the_socket, verbs_while_draining,
                          why_points_back)
from siltgate_process import Siltgate, provider_settings, wait_until
from slow_provider import BODY, POST, Provider, ask, connect, event, read_all, read_until


def kill_and_restart(program):
    """After kill -9 the port, the control socket and the state directory are no obstacle; cut streams are seen as cut."""
    provider = Provider()
    siltgate = Siltgate(program, provider_settings(provider.port))
    try:
        cut = ask(siltgate.port)
        assert b"begun" in read_until(cut, b"begun")
        siltgate.end(signal.SIGKILL)
        assert b"0\r\n\r\n" not in read_all(cut), "a cut answer ended as if it were whole"
        siltgate.start()
        provider.gate.set()
        assert b"0\r\n\r\n" in read_until(ask(siltgate.port), b"0\r\n\r\n")
        state = siltgate.state()
        assert state["in_flight"] == 0 and state["waiting_total"] == 0
        assert "control socket" not in open(siltgate.folder + "/log").read(), "the control socket left behind was in the way"
        assert siltgate.end() == 0
    finally:
        siltgate.remove()


def drain_under_load(program):
    """SIGTERM while 50 streams run and 20 requests wait: every answer that began is completed, the rest is told 503."""
    provider = Provider()
    siltgate = Siltgate(program, provider_settings(provider.port, limits={"concurrency": 50}))
    try:
        running = [ask(siltgate.port) for _ in range(50)]
        begun = [read_until(sock, b"begun") for sock in running]
        waiting = [ask(siltgate.port) for _ in range(20)]
        wait_until(lambda: siltgate.state()["waiting_total"] == 20, "20 wait")
        siltgate.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not siltgate.answers(), "the port is closed")
        provider.gate.set()
        for data, sock in zip(begun, running):
            assert (data + read_all(sock)).endswith(b"0\r\n\r\n"), "an answer was lost"
        replies = [read_all(sock) for sock in waiting]
        for reply in replies:
            assert reply.startswith(b"HTTP/1.1 503 ") or reply.endswith(b"0\r\n\r\n"), reply[:200]
        assert siltgate.process.wait(20) == 0
    finally:
        siltgate.remove()


def few_descriptors(program):
    """With 64 descriptors and 200 clients siltgate neither spins nor stops: who got in is served, the rest afterwards."""
    provider = Provider()
    provider.gate.set()
    siltgate = Siltgate(program, provider_settings(provider.port), wrapper=("sh", "-c", 'ulimit -n 64; exec "$0" "$@"'))
    try:
        crowd = [connect(siltgate.port) for _ in range(200)]
        for sock in crowd:
            sock.sendall(POST[:20])
        before = siltgate.cpu_seconds()
        time.sleep(1)
        spent = siltgate.cpu_seconds() - before
        assert spent < 0.3, "%.2f s of CPU in one second of doing nothing" % spent
        assert siltgate.descriptors() < 64, siltgate.descriptors()
        for sock in crowd:
            sock.sendall(POST[20:])
        replies = [read_until(sock, b"0\r\n\r\n") for sock in crowd]
        served = sum(reply.endswith(b"0\r\n\r\n") and b"begun" in reply for reply in replies)
        print("  %d of 200 served with 64 descriptors" % served)
        assert served == 200, [reply for reply in replies if not reply.endswith(b"0\r\n\r\n")]
    finally:
        siltgate.remove()


def slowloris(program):
    """Clients that send a head byte by byte are told 408 after the absolute head timer; others are served all the while."""
    provider = Provider()
    provider.gate.set()
    settings = provider_settings(provider.port)
    settings["limits"]["connections"] = 100
    siltgate = Siltgate(program, settings)
    try:
        slow = [connect(siltgate.port) for _ in range(90)]
        began = time.monotonic()
        replies, at = {}, 0
        while len(replies) < len(slow):
            assert time.monotonic() - began < 25, "%d of 90 still hold their connection" % (90 - len(replies))
            for i, sock in enumerate(slow):
                if i in replies:
                    continue
                try:
                    sock.send(POST[at % 60:at % 60 + 1])
                    sock.settimeout(0.001)
                    replies[i] = sock.recv(1000)
                except (socket.timeout, TimeoutError):
                    pass
                except OSError:
                    replies[i] = b""
            at += 1
            assert b"0\r\n\r\n" in read_until(ask(siltgate.port), b"0\r\n\r\n")
            time.sleep(0.2)
        took = time.monotonic() - began
        told = sum(reply.startswith(b"HTTP/1.1 408 ") for reply in replies.values())
        print("  90 slow heads were ended after %.1f s, %d told 408" % (took, told))
        assert took > 5 and told > 0
    finally:
        siltgate.remove()


def stalled_reader(program):
    """A provider that sends to a client that reads nothing is stopped after a quarter of a megabyte; others are served."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)   # so that little waits outside siltgate
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    siltgate = Siltgate(program, provider_settings(listener.getsockname()[1], timeouts={"connect": "5s", "first_byte": "20s", "idle": "20s"}))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        client.connect(("127.0.0.1", siltgate.port))
        client.sendall(POST)
        flood = listener.accept()[0]
        data = b""
        while not data.endswith(BODY):
            data += flood.recv(65536)
        flood.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        flood.settimeout(1)
        sent, piece = 0, event("x" * 1000)
        try:
            while sent < 1 << 24:
                sent += flood.send(piece)
        except (socket.timeout, TimeoutError):
            pass
        print("  the provider was stopped after %d KiB" % (sent // 1024))
        assert sent < 256 * 1024, sent
        assert siltgate.state()["in_flight"] == 1
    finally:
        siltgate.remove()


def stalled_upload(program):
    """A provider that reads a large prompt only after half a minute is slow, not gone: its kernel answers each time it is asked for room."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    siltgate = Siltgate(program, provider_settings(listener.getsockname()[1], timeouts={"connect": "5s", "first_byte": "90s", "idle": "20s"}))
    try:
        body = b'{"model":"m","messages":[{"role":"user","content":"%s"}]}' % (b"y" * 6_000_000)
        client = connect(siltgate.port)
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        slow = listener.accept()[0]
        time.sleep(27)   # by then the kernel asks every 13 s, less often than a lost request is waited for
        data = b""
        while not data.endswith(b'"}]}'):
            got = slow.recv(1 << 20)
            assert got, "the connection was given up"
            data = data[-1000:] + got
        slow.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
        assert read_until(client, b"no").startswith(b"HTTP/1.1 401 ")
        listener.settimeout(0)
        try:
            raise AssertionError("asked again: %r" % (listener.accept(),))
        except BlockingIOError:
            pass
    finally:
        siltgate.remove()


def clock_jumps(program):
    """The wall clock jumps a day ahead and two back while a stream runs and a request waits: no timer of siltgate's notices."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    assert found, "libfaketime is not installed (package faketime)"
    provider = Provider()
    with tempfile.NamedTemporaryFile("w") as clock:
        def jump(by):
            clock.seek(0)
            clock.write(by + "\n")
            clock.flush()
        jump("+0d")
        settings = provider_settings(provider.port, limits={"concurrency": 1}, timeouts={"connect": "5s", "first_byte": "20s", "idle": "20s"})
        siltgate = Siltgate(program, {**settings, "log": {"level": "info"}},
                            wrapper=("env", "LD_PRELOAD=" + found[0], "FAKETIME_TIMESTAMP_FILE=" + clock.name, "FAKETIME_NO_CACHE=1",
                                     "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1"))
        try:
            running = ask(siltgate.port)
            begun = read_until(running, b"begun")
            waiting = ask(siltgate.port)
            wait_until(lambda: siltgate.state()["waiting_total"] == 1, "one waits")
            for by in ("+1d", "-1d", "+0d"):
                jump(by)
                time.sleep(0.3)   # time for a timer that looks at the wrong clock to fire
                state = siltgate.state()
                assert (state["in_flight"], state["waiting_total"]) == (1, 1), (by, state)
            jump("-1d")
            provider.gate.set()
            assert (begun + read_all(running)).endswith(b"0\r\n\r\n"), "the stream was cut"
            assert read_all(waiting).endswith(b"0\r\n\r\n"), "the waiting request was lost"
            log = open(siltgate.folder + "/log").read()
            yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
            assert yesterday in log, "the jump never reached siltgate's clock: " + log[-500:]
            assert siltgate.end() == 0
        finally:
            siltgate.remove()


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    for scene in (no_core_dump, verbs_find_the_socket, key_leaves_memory, kill_and_restart, drain_under_load, verbs_while_draining, started_while_another_drains, closed_standard_descriptors, why_points_back, habits_of_other_daemons, few_descriptors, stalled_reader, stalled_upload, clock_jumps, slowloris, prompt_memory_goes,
                  names_that_are_no_text):
        if wanted and scene.__name__ not in wanted:
            continue
        began = time.monotonic()
        print(scene.__name__, flush=True)
        scene(program)
        print("  passed in %.1f s" % (time.monotonic() - began), flush=True)


main()
