# SPDX-License-Identifier: Apache-2.0
"""Scenes for process.py: what a process keeps in memory, and what it leaves behind."""
import glob
import re
import secrets
import time

from siltgate_process import Siltgate, provider_settings, wait_until
from slow_provider import BODY, POST, Provider, ask, connect, read_all, read_until


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
