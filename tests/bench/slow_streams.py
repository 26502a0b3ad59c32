#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What thousands of slow streams and stalled readers cost siltgate: its own memory (RSS, PSS) and that of its sockets in
the kernel (ss -m). Starts siltgate, a provider and the clients itself, on loopback; takes about a minute.

  slow_streams.py streams build/release/siltgate [--count 10000] [--tls]
  slow_streams.py stalled build/release/siltgate [--count 100]
  slow_streams.py fast    build/release/siltgate [--count 1000]    one fast reader among slow ones
"""
import argparse
import json
import os
import re
import resource
import select
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Say hi"}]}).encode()


def event(text, finish="null"):
    data = ('data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
            '{"content":"%s"},"finish_reason":%s}]}\n\n' % (text, finish)).encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


END = event("", '"stop"') + b"0\r\n\r\n"


class Peer:
    """One non-blocking connection: what came, what is still to be sent."""

    def __init__(self, sock):
        self.sock, self.inbox, self.out, self.shaking, self.floods = sock, b"", b"", False, False

    def flush(self):
        try:
            while self.out:
                self.out = self.out[self.sock.send(self.out):]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            self.out = b""
        return not self.out


class Provider:
    """Answers every request with one event. Then, by command: another event to all, a flood, the end of all."""

    def __init__(self, listener, context):
        self.listener, self.context, self.peers, self.flood = listener, context, {}, False
        self.epoll = select.epoll()
        self.epoll.register(listener, select.EPOLLIN)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            peer = self.peers[sock.fileno()] = Peer(sock)
            peer.shaking = bool(self.context)
            self.epoll.register(sock, select.EPOLLIN)

    def drop(self, fd):
        self.epoll.unregister(fd)
        self.peers.pop(fd).sock.close()

    def serve(self, fd):
        peer = self.peers[fd]
        try:
            if peer.shaking:
                peer.sock.do_handshake()
                peer.shaking = False
            data = peer.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            return self.drop(fd)
        if not data:
            return self.drop(fd)
        peer.inbox += data
        if peer.inbox.endswith(BODY):
            fast = b"User-Agent: fast" in peer.inbox
            peer.inbox, peer.floods = b"", self.flood and not fast
            peer.out += HEAD + event("hello") + (event("x") * 200 + END if fast else b"")
            if not peer.flush() or peer.floods:
                self.epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)

    def command(self, word):
        self.flood = word == b"flood"
        for peer in list(self.peers.values()):
            if word in (b"event", b"end"):
                peer.out += event("hello") if word == b"event" else END
                peer.flush()

    def run(self, commands):
        self.epoll.register(commands, select.EPOLLIN)
        while True:
            for fd, what in self.epoll.poll():
                if fd == self.listener.fileno():
                    self.accept()
                elif fd == commands.fileno():
                    word = commands.recv(16)
                    if not word:
                        return
                    self.command(word)
                    commands.send(b"%10d" % len(self.peers))
                elif what & (select.EPOLLIN | select.EPOLLHUP):
                    self.serve(fd)
                elif what & select.EPOLLOUT:
                    peer = self.peers[fd]
                    if peer.flush() and peer.floods:
                        peer.out = event("x" * 1000) * 60
                    elif not peer.out:
                        self.epoll.modify(fd, select.EPOLLIN)


def start_provider(tls):
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    folder = tempfile.mkdtemp(prefix="siltgate-bench-")
    context = None
    if tls:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", folder + "/key.pem", "-out", folder + "/ca.pem", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/ca.pem", folder + "/key.pem")
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        Provider(listener, context).run(theirs)
        os._exit(0)
    theirs.close()
    return listener.getsockname()[1], ours, folder


def start_siltgate(program, upstream_port, folder, tls, count):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    provider = {"base_url": "%s://localhost:%d/v1" % ("https" if tls else "http", upstream_port), "profile": "generic",
                "limits": {"concurrency": 100000}}
    if tls:
        provider["ca_file"] = folder + "/ca.pem"
    config = {"listen": ["127.0.0.1:%d" % port], "providers": {"up": provider}, "log": {"level": "error"},
              "limits": {"connections": count + 200, "concurrency": 100000, "repeat": {"max": 1000000}}}
    with open(folder + "/siltgate.jsonc", "w") as file:
        json.dump(config, file)
    environment = dict(os.environ, XDG_RUNTIME_DIR=folder, XDG_STATE_HOME=folder)
    process = subprocess.Popen([program, "run", "--config", folder + "/siltgate.jsonc"], env=environment,
                               stdout=subprocess.DEVNULL, stderr=open(folder + "/log", "w"))
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except ConnectionRefusedError:
            time.sleep(0.05)
    sys.exit("siltgate did not start: " + open(folder + "/log").read())


def memory(pid):
    """RSS and PSS in KiB."""
    text = open("/proc/%d/smaps_rollup" % pid).read()
    return tuple(int(re.search(name + r":\s+(\d+)", text).group(1)) for name in (r"\nRss", r"\nPss"))


def kernel_memory(port, upstream_port):
    """Bytes the kernel charges siltgate's own sockets with, towards its clients and towards the provider; the largest of each."""
    sums = []
    for rule in ("sport = :%d" % port, "dport = :%d" % upstream_port):
        text = subprocess.run(["ss", "-Htnm", "state", "established", rule], capture_output=True, text=True).stdout
        each = [sum(map(int, m)) for m in re.findall(r"skmem:\(r(\d+),.*?t(\d+),.*?f\d+,w(\d+)", text)]
        sums.append((sum(each), max(each, default=0)))
    return sums


def request(port, small=False, agent="bench"):
    sock = socket.socket()
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nAuthorization: Bearer sk-bench\r\n"
                 b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (agent.encode(), len(BODY), BODY))
    return sock


def read_until(sock, text, seconds=60):
    sock.settimeout(seconds)
    data = b""
    while text not in data:
        got = sock.recv(65536)
        if not got:
            sys.exit("a stream ended early: " + repr(data[-300:]))
        data += got
    return data


def open_streams(port, count, small=False):
    clients = []
    for start in range(0, count, 50):
        batch = [request(port, small) for _ in range(min(50, count - start))]
        for client in batch:
            read_until(client, b"hello")
        clients += batch
    return clients


def tell(commands, word):
    commands.sendall(word)
    return int(commands.recv(10))


def streams(options, process, port, upstream_port, commands):
    for warm in open_streams(port, 50):
        warm.close()
    time.sleep(0.5)
    before = memory(process.pid)
    began = time.monotonic()
    clients = open_streams(port, options.count)
    opened = time.monotonic() - began
    tell(commands, b"event")
    for client in clients:
        read_until(client, b"hello")
    after = memory(process.pid)
    kernel = kernel_memory(port, upstream_port)
    print("%d streams%s opened in %.1f s; siltgate RSS %d -> %d KiB, PSS %d -> %d KiB: %.1f KiB RSS, %.1f KiB PSS each"
          % (options.count, " (TLS upstream)" if options.tls else "", opened, before[0], after[0], before[1], after[1],
             (after[0] - before[0]) / options.count, (after[1] - before[1]) / options.count))
    print("kernel: %.1f KiB each towards clients, %.1f KiB each towards the provider"
          % (kernel[0][0] / 1024 / options.count, kernel[1][0] / 1024 / options.count))
    tell(commands, b"end")
    ended = sum(read_until(client, b"0\r\n\r\n") is not None for client in clients)
    for client in clients:
        client.close()
    time.sleep(options.rest)
    print("%d ended properly; %d s later RSS %d KiB" % (ended, options.rest, memory(process.pid)[0]))


def stalled(options, process, port, upstream_port, commands):
    for warm in open_streams(port, 50):
        warm.close()
    time.sleep(0.5)
    before = memory(process.pid)
    tell(commands, b"flood")
    clients = open_streams(port, options.count, small=True)
    most, last = 0, -1
    for _ in range(60):
        time.sleep(0.25)
        kernel = kernel_memory(port, upstream_port)
        total = kernel[0][0] + kernel[1][0]
        most = max(most, total)
        if total == last:
            break
        last = total
    after = memory(process.pid)
    own, theirs = (after[0] - before[0]) / options.count, most / 1024 / options.count
    print("%d stalled readers: siltgate's own %.1f KiB each, kernel %.1f KiB each (largest: client side %d, provider side %d KiB); "
          "in all %.1f KiB each" % (len(clients), own, theirs, kernel[0][1] // 1024, kernel[1][1] // 1024, own + theirs))


def fast(options, process, port, upstream_port, commands):
    def times():
        found = []
        for _ in range(200):
            began = time.perf_counter()
            sock = request(port, agent="fast")
            read_until(sock, b"0\r\n\r\n")
            sock.close()
            found.append((time.perf_counter() - began) * 1000)
        return statistics.median(found), sorted(found)[-3]
    alone = times()
    tell(commands, b"flood")
    slow = open_streams(port, options.count, small=True)
    time.sleep(1)
    among = times()
    print("one fast reader: median %.2f ms, p99 %.2f ms alone; %.2f ms, %.2f ms among %d stalled readers"
          % (*alone, *among, len(slow)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["streams", "stalled", "fast"])
    parser.add_argument("program")
    parser.add_argument("--count", type=int)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--rest", type=int, default=2, help="seconds between the end of the streams and the last look")
    options = parser.parse_args()
    options.count = options.count or {"streams": 10000, "stalled": 100, "fast": 1000}[options.what]
    wanted = 2 * options.count + 500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except ValueError:
        sys.exit("this needs %d descriptors and the hard limit is %d; take a smaller --count" % (wanted, hard))
    upstream_port, commands, folder = start_provider(options.tls)
    process, port = start_siltgate(options.program, upstream_port, folder, options.tls, options.count)
    try:
        globals()[options.what](options, process, port, upstream_port, commands)
    finally:
        process.send_signal(signal.SIGKILL)
        commands.close()


main()
