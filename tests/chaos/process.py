#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What only a process of its own can show: kill -9 and restart, SIGTERM under load, too few descriptors, slowloris, a
jumping clock, no core dump, no key left in memory, verbs that find it. Each scene is a function; a scene that fails raises.

  process.py build/release/siltgate [scene...]
"""
import glob
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from siltgate_process import Siltgate, free_port, provider_settings, wait_until

BODY = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Say hi"}]}).encode()
POST = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-1\r\nContent-Length: %d\r\n\r\n%s"
        % (len(BODY), BODY))


def event(text, finish="null"):
    data = ('data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"%s"},'
            '"finish_reason":%s}]}\n\n' % (text, finish)).encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


class Provider:
    """Each answer is one event, a wait for `gate`, and the end."""

    def __init__(self):
        self.gate, self.requests = threading.Event(), 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, sock):
        try:
            while self.serve_one(sock):
                pass
        except OSError:
            pass
        sock.close()

    def serve_one(self, sock):
        data = b""
        while not data.endswith(BODY):
            got = sock.recv(65536)
            if not got:
                return False
            data += got
        self.requests += 1
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + event("begun"))
        self.gate.wait(30)
        sock.sendall(event("", '"stop"') + b"0\r\n\r\n")
        return True


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    return sock


def ask(port):
    sock = connect(port)
    sock.sendall(POST)
    return sock


def read_until(sock, text):
    data = b""
    while text not in data:
        got = sock.recv(65536)
        if not got:
            break
        data += got
    return data


def read_all(sock):
    data = b""
    while True:
        try:
            got = sock.recv(65536)
        except ConnectionResetError:
            return data
        if not got:
            return data
        data += got


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


def verbs_while_draining(program):
    """As long as a drain lasts every verb is answered; a second stop ends it; who rests on the control socket holds nothing up."""
    provider = Provider()
    siltgate = Siltgate(program, provider_settings(provider.port, retry={"attempts": 1}))

    def verb(*words):
        return subprocess.run([program, *words], env=siltgate.environment, capture_output=True, text=True, timeout=20)

    def resting():
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(glob.glob(siltgate.folder + "/siltgate/control-*.sock")[0])
        return sock

    try:
        for second_stop in (True, False):
            stream = ask(siltgate.port)
            read_until(stream, b"begun")
            before = resting()
            assert verb("stop").returncode == 0
            wait_until(lambda: not siltgate.answers(), "the port is closed")
            during = resting()
            status = verb("status", "--json")
            assert status.returncode == 0 and json.loads(status.stdout)["draining"], status
            assert verb("log").returncode == 0
            assert verb("why", "last").returncode != 69, "nobody answered"
            assert "draining" in verb("status").stdout
            if second_stop:
                assert verb("stop").returncode == 0
            else:
                provider.gate.set()
                assert read_all(stream).endswith(b"0\r\n\r\n")
            assert siltgate.process.wait(5) == (75 if second_stop else 0)
            before.close()
            during.close()
            if second_stop:
                siltgate.start()
    finally:
        siltgate.remove()


def habits_of_other_daemons(program):
    """USR1 and USR2 end nothing; a listener that waits for its address has its port in the control socket's name; a refused reload
    announces no listener; without a place for captures that is said; a verb that finds no exchange says so with 66."""
    siltgate = Siltgate(program, provider_settings(1))
    waiting, extra = free_port(), free_port()

    def log():
        return open(siltgate.folder + "/log").read()

    def listen(*places):
        siltgate.configure({**provider_settings(1), "log": {"level": "info"}, "listen": list(places)})

    try:
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            siltgate.process.send_signal(number)
        assert siltgate.state()["version"] and siltgate.process.poll() is None
        assert subprocess.run([program, "why", "sg_aaaaaaaaaa"], env=siltgate.environment, capture_output=True, timeout=20).returncode == 66
        assert siltgate.end() == 0
        own = "127.0.0.1:%d" % siltgate.port
        listen({"address": "192.0.2.1:%d" % waiting, "wait": True, "allow": ["192.0.2.0/24"]}, own)
        for name in ("XDG_STATE_HOME", "HOME", "STATE_DIRECTORY"):
            siltgate.environment.pop(name, None)
        siltgate.start()
        assert glob.glob(siltgate.folder + "/siltgate/control-%d.sock" % waiting), os.listdir(siltgate.folder + "/siltgate")
        assert "nothing is captured: there is no state directory" in log()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            listen(own, "127.0.0.1:%d" % extra, "127.0.0.1:%d" % taken.getsockname()[1])
            siltgate.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "reload refused" in log(), "the reload is refused", log)
        assert "listening on http://127.0.0.1:%d/" % extra not in log()
        assert siltgate.end() == 0
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


def prompt_memory_goes(program):
    """What a large prompt took goes back to the system at the next beat, though its client stays connected."""
    provider = Provider()
    provider.gate.set()
    settings = provider_settings(provider.port)
    settings["keep_alive"] = "always"
    siltgate = Siltgate(program, settings, wrapper=("env", "WATCHDOG_USEC=400000"))   # a beat every 0.2 s
    try:
        client = connect(siltgate.port)

        def answer(prompt):
            client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(prompt), prompt))
            return read_until(client, b"\r\n0\r\n\r\n")

        assert b"\r\n0\r\n\r\n" in answer(BODY)   # what the first of all exchanges needs is there
        before = siltgate.rss()
        for _ in range(2):
            assert b"\r\n0\r\n\r\n" in answer(b" " * 7_000_000 + BODY)
            wait_until(lambda: siltgate.rss() < before + 3000, "the memory of the prompt is given back", lambda: "%d -> %d KiB" % (before, siltgate.rss()))
    finally:
        siltgate.remove()


def names_that_are_no_text(program):
    """A model's name that is no UTF-8 neither ends siltgate when it saves what it has learned nor costs a bystander's stream."""
    provider = Provider()
    siltgate = Siltgate(program, provider_settings(provider.port, limits={"concurrency": "auto"}), wrapper=("env", "WATCHDOG_USEC=200000"))   # saves every 0.1 s
    body = b'{"model":"bad\xff","stream":true}'
    try:
        bystander = ask(siltgate.port)
        begun = read_until(bystander, b"begun")
        with connect(siltgate.port) as bad:
            bad.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            wait_until(lambda: any(row["model"].startswith("bad") for row in siltgate.state()["keys"]), "the name is known")
            wait_until(lambda: glob.glob(siltgate.folder + "/state/siltgate/learned.json"), "what was learned is saved",
                       lambda: open(siltgate.folder + "/log").read())
        provider.gate.set()
        assert (begun + read_all(bystander)).endswith(b"0\r\n\r\n"), "the bystander's stream was cut"
        assert siltgate.end() == 0 and "bug" not in open(siltgate.folder + "/log").read()
        assert '"m' in open(siltgate.folder + "/state/siltgate/learned.json").read()
    finally:
        siltgate.remove()


def memory_holds(pid, text):
    """Where `text` stands in the memory of a process, a line each."""
    found = []
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in open("/proc/%d/maps" % pid):
            begin, end, access, name = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line).groups()
            if not access.startswith("rw"):
                continue
            memory.seek(int(begin, 16))
            data = memory.read(int(end, 16) - int(begin, 16))
            found += ["%s: %r" % (name or "anonymous", data[max(0, at.start() - 40):at.end() + 40]) for at in re.finditer(re.escape(text), data)]
    return found


def key_leaves_memory(program):
    """Once its exchange is over, a client's key stands nowhere in siltgate's memory: not where its head was read, parsed, sent on and recorded."""
    provider = Provider()
    provider.gate.set()
    settings = provider_settings(provider.port)
    settings["capture"] = {"mode": "all"}
    settings["keep_alive"] = "always"
    siltgate = Siltgate(program, settings)
    secret = secrets.token_hex(16).encode()
    sought = secret[:20]
    try:
        def send(*pieces):
            with connect(siltgate.port) as client:
                for piece in pieces:
                    client.sendall(piece)
                    time.sleep(0.05)   # so that it is read before the next one comes; nothing fails if it is not
                return read_all(client)

        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n" % len(BODY)
        key, long = b"Authorization: Bearer sk-" + secret + b"\r\n", b"X-Long: " + b"y" * 3000 + b"\r\n"
        for pieces in ((head + key + b"\r\n" + BODY,), (head + key, long, b"\r\n" + BODY), (head + long + key + b"\r\n", BODY), (head + key[:-6], key[-6:] + b"\r\n", BODY)):
            assert send(*pieces).endswith(b"0\r\n\r\n"), pieces
        prompt = b" " * 2000 + BODY
        first = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(prompt), prompt)
        assert send(first + head + key + b"\r\n" + BODY).count(b"\r\n0\r\n\r\n") == 2, "two requests sent together"
        assert b" 400 " in send(b"POST /v1/chat/completions HTTP/1.1\r\n" + key + b"no field\r\n\r\n")
        connect(siltgate.port).sendall(head + key)   # and leaves
        wait_until(lambda: not memory_holds(siltgate.process.pid, sought), "the key is gone", lambda: "\n".join(memory_holds(siltgate.process.pid, sought)))
    finally:
        siltgate.remove()


def no_core_dump(program):
    """The limit that keeps a crash from leaving keys on disk is in force, and descriptors are raised."""
    siltgate = Siltgate(program, provider_settings(1), wrapper=("sh", "-c", 'ulimit -Sn 256; ulimit -Sc unlimited 2>/dev/null; exec "$0" "$@"'))
    try:
        limits = open("/proc/%d/limits" % siltgate.process.pid).read()
        soft, hard = re.search(r"Max core file size\s+(\S+)\s+(\S+)", limits).groups()
        assert soft in "01" and hard in "01", limits
        soft, hard = re.search(r"Max open files\s+(\S+)\s+(\S+)", limits).groups()
        assert soft == hard, limits
    finally:
        siltgate.remove()


def verbs_find_the_socket(program):
    """The verbs speak to the instance whose configuration they share, under whatever name its control socket has, and follow it."""
    place = tempfile.mkdtemp(prefix="siltgate-chaos-")
    named = dict(provider_settings(1), control_socket=place + "/own.sock")
    siltgate, other = Siltgate(program, named), None

    def verb(*words, **environment):
        return subprocess.run([program, *words], env=dict(siltgate.environment, **environment), capture_output=True, text=True, timeout=20)

    def found(*words, **environment):
        done = verb(*words, **environment)
        assert done.returncode == 0 and "127.0.0.1:%d" % siltgate.port in done.stdout, (words, done)

    try:
        file = siltgate.folder + "/siltgate.jsonc"
        found("status", "--config", file)
        found("status", SILTGATE_CONFIG=file)
        found("status", "--config", file, "--listen", "127.0.0.1:%d" % siltgate.port)
        assert verb("check", "--config", file).returncode == 0
        nobody = verb("status", "--config", file, "--listen", "127.0.0.1:%d" % free_port())
        assert nobody.returncode == 69 and "no siltgate is running" in nobody.stderr, nobody
        watch = subprocess.Popen([program, "status", "--watch", "--config", file], env=siltgate.environment, stdout=subprocess.PIPE, text=True)
        assert "listening on" in watch.stdout.readline()
        siltgate.end()
        while "waiting for it" not in watch.stdout.readline():
            assert watch.poll() is None, "status --watch ended with siltgate"
        siltgate.start()
        while "listening on" not in watch.stdout.readline():
            assert watch.poll() is None, "status --watch ended with siltgate"
        watch.kill()
        watch.communicate()
        siltgate.configure(provider_settings(1))
        assert verb("reload", "--listen", "127.0.0.1:%d" % siltgate.port).returncode == 69   # the file no longer says where
        siltgate.reload(provider_settings(1))
        wait_until(lambda: verb("status").returncode == 0, "the control socket has its usual name after a reload", lambda: open(siltgate.folder + "/log").read() + str(verb("status")))
        other = subprocess.Popen([program, "--upstream", "demo:", "--listen", "127.0.0.1:%d" % free_port()], env=siltgate.environment, stderr=subprocess.DEVNULL)
        wait_until(lambda: verb("status").returncode == 69, "two run, and one must be chosen")
        found("status", "--config", file)
        before = siltgate.port
        siltgate.port = free_port()
        siltgate.configure(provider_settings(1))
        assert verb("reload", "--listen", "127.0.0.1:%d" % before).returncode == 0
        found("status", "--config", file)
        assert verb("stop", "--config", file).returncode == 0 and siltgate.process.wait(20) == 0 and other.poll() is None
    finally:
        if other:
            other.kill()
            other.wait()
        siltgate.remove()
        shutil.rmtree(place)


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    for scene in (no_core_dump, verbs_find_the_socket, key_leaves_memory, kill_and_restart, drain_under_load, verbs_while_draining, habits_of_other_daemons, few_descriptors, stalled_reader, clock_jumps, slowloris, prompt_memory_goes,
                  names_that_are_no_text):
        if wanted and scene.__name__ not in wanted:
            continue
        began = time.monotonic()
        print(scene.__name__, flush=True)
        scene(program)
        print("  passed in %.1f s" % (time.monotonic() - began), flush=True)


main()
