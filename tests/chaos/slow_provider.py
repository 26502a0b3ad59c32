# SPDX-License-Identifier: Apache-2.0
"""A provider whose answers stand between their first and their last event, and a client that speaks to sockets."""
import json
import socket
import threading

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
