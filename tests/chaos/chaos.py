#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Thousands of exchanges with a provider that cuts, resets, stalls, refuses and damages, and clients that read slowly or leave,
while siltgate is reloaded again and again. Every byte a client got is compared with what the provider meant. At the end no
permit, no descriptor and no memory is missing.

  chaos.py build/release/siltgate     SILTGATE_CHAOS_SECONDS (15) and SILTGATE_CHAOS_SEED (from the clock) are heeded
"""
import asyncio
import json
import os
import random
import struct
import socket
import sys
import time
from collections import Counter

from siltgate_process import Siltgate, provider_settings

REFUSAL = b'{"error":{"code":"1302","message":"High concurrency usage of this API"}}'
DAMAGES = [b'data: {"id":"c\n\n', b"data: \xe4\xb8\n\n", b'data: {"a":1}data: {"b":2}\n\n', b"da\x00ta: {}\n\n", b"<html>\n\n"]


def reset(writer):
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Plan:
    """What one exchange is going to be like. Decided before it starts, from the seed and its number alone."""

    def __init__(self, number, seed):
        dice = random.Random(seed * 1000003 + number)
        self.number = number
        self.stream = dice.random() < 0.85
        self.events = dice.choice([1, 2, 3, 5, 20, 60])
        self.size = dice.choice([1, 10, 10, 100, 100, 4000, 20000])
        self.refusals = dice.choice([0, 0, 0, 0, 1, 2, 9])
        self.faults = [dice.choice(["none"] * 6 + ["cut", "reset", "stall", "damage", "early", "unfinished"]) for _ in range(4)]
        self.at = dice.randrange(self.events + 1)
        self.close = dice.random() < 0.3
        self.torn = dice.random() < 0.3
        self.pause = dice.choice([0, 0, 0, 0.001, 0.01])
        self.seed = dice.random()
        self.client = dice.choice(["reads"] * 6 + ["slow", "leaves", "aborts"])
        self.leave_after = dice.choice([0, 1, 300, 5000])
        self.damage = dice.choice(DAMAGES)
        self.attempts = 0
        self.sent_whole = set()   # attempts that the provider sent to their proper end

    def event(self, attempt, i, finish=None):
        delta = {"content": "%d.%d.%d " % (self.number, attempt, i) + "x" * self.size}
        choice = {"index": 0, "delta": {} if finish else delta, "finish_reason": finish}
        return b"data: " + json.dumps({"id": "c%d-%d" % (self.number, attempt), "object": "chat.completion.chunk", "created": 1,
                                       "model": "m", "choices": [choice]}).encode() + b"\n\n"

    def meant(self, attempt):
        """The sound answer of this attempt: its whole, or as far as it was sound."""
        if not self.stream:
            message = {"role": "assistant", "content": "%d.%d" % (self.number, attempt) + "x" * self.size}
            return json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                               "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        fault = self.faults[attempt % 4]
        count = self.at if fault in ("cut", "reset", "stall", "damage") else self.events
        out = b"".join(self.event(attempt, i) for i in range(count))
        if fault in ("none", "early"):
            out += self.event(attempt, 0, "stop") + b"data: [DONE]\n\n"
        return out


class Provider:
    def __init__(self, plans):
        self.plans, self.writers, self.in_flight = plans, set(), 0

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while await self.serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def serve_one(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        plan = self.plans[int(body["messages"][0]["content"])]
        attempt, plan.attempts = plan.attempts, plan.attempts + 1
        if attempt < plan.refusals:
            writer.write(b"HTTP/1.1 429 Too Many\r\nContent-Type: application/json\r\nretry-after-ms: 5\r\nContent-Length: %d\r\n\r\n%s"
                         % (len(REFUSAL), REFUSAL))
            await writer.drain()
            return True
        return await self.answer(plan, attempt, reader, writer)

    async def answer(self, plan, attempt, reader, writer):
        fault = plan.faults[attempt % 4]
        if fault == "early":       # before any byte of an answer
            reset(writer) if plan.torn else writer.close()
            return False
        meant = plan.meant(attempt)
        close = b"Connection: close\r\n" if plan.close else b""
        if not plan.stream:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (close, len(meant)))
            whole = fault in ("none", "unfinished")
            if whole:
                plan.sent_whole.add(attempt)
            await self.pieces(plan, meant if whole else meant[: len(meant) // 2], writer, False)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%sTransfer-Encoding: chunked\r\n\r\n" % close)
            whole = fault == "none"
            await self.pieces(plan, meant + (plan.damage if fault == "damage" else b""), writer, True)
            if fault in ("none", "unfinished", "damage"):
                if whole:
                    plan.sent_whole.add(attempt)
                writer.write(b"0\r\n\r\n")
        await writer.drain()
        if fault == "stall":
            await reader.read(1)
        if fault == "reset":
            reset(writer)
        return fault in ("none", "unfinished", "damage") and (whole or plan.stream) and not plan.close

    async def pieces(self, plan, data, writer, chunked):
        dice = random.Random(plan.seed)
        while data:
            size = dice.choice([1, 7, 100, 1000]) if plan.torn and len(data) < 20000 else len(data)
            piece, data = data[:size], data[size:]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
            if plan.pause and dice.random() < 0.2:
                await asyncio.sleep(plan.pause)


class Client:
    """One exchange; what came, byte for byte, and how it ended."""

    def __init__(self, plan):
        self.plan, self.status, self.body, self.ended, self.own, self.whole = plan, 0, b"", False, False, False

    async def run(self, port, connection):
        reader, writer = connection or await asyncio.open_connection("127.0.0.1", port, limit=4096 if self.plan.client == "slow" else 65536)
        body = json.dumps({"model": "m", "stream": self.plan.stream,
                           "messages": [{"role": "user", "content": str(self.plan.number)}]}).encode()
        agent = b"node" if self.plan.number % 2 else b"opencode/1.15.0"
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nAuthorization: Bearer sk-%d\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (agent, self.plan.number % 200, len(body), body))
        kept = False
        try:
            await asyncio.wait_for(self.read(reader), 60)
            kept = self.ended and self.plan.client == "reads" and b"\r\nconnection: close" not in self.head.lower()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        if kept:
            return reader, writer
        reset(writer) if self.plan.client == "aborts" else writer.close()
        return None

    async def read(self, reader):
        self.head = await reader.readuntil(b"\r\n\r\n")
        self.status = int(self.head.split()[1])
        lower = self.head.lower()
        self.own = b"proxy-status: siltgate; error" in lower
        if b"content-length:" in lower:
            await self.take(reader, int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))
            self.ended = True
        while not self.ended:
            size = int(await reader.readuntil(b"\r\n"), 16)
            await self.take(reader, size)
            await reader.readexactly(2)
            self.ended = size == 0

    async def take(self, reader, size):
        leaving = self.plan.client in ("leaves", "aborts")
        while size:
            piece = await reader.read(min(size, 2000))
            if not piece:
                raise asyncio.IncompleteReadError(b"", size)
            size -= len(piece)
            self.body += piece
            if leaving and len(self.body) > self.plan.leave_after:
                raise ConnectionAbortedError
            if self.plan.client == "slow" and random.random() < 0.3:
                await asyncio.sleep(0.002)

    def code(self):
        try:
            return json.loads(self.body)["error"]["code"]
        except ValueError:
            return "cut off"

    def verdict(self):
        """One word for what was seen; a word with "WRONG" is a fault of siltgate."""
        plan = self.plan
        if self.status == 0:
            return "nothing" if plan.client != "reads" else "closed before a head"
        if self.status == 429:
            return "refused" if REFUSAL.startswith(self.body) and (self.ended or plan.client != "reads") else "WRONG refusal"
        if self.status != 200:
            return "own %d %s" % (self.status, self.code()) if self.own else "WRONG status %d" % self.status
        if self.ended:
            sound = any(self.body == plan.meant(a) for a in plan.sent_whole)
            return "whole" if sound else "WRONG end"
        body, mark = self.body, self.body.rfind(b'data: {"error":')
        if mark >= 0 and b"[sg_" in body[mark:]:
            body = body[:mark]
        sound = any(plan.meant(a).startswith(body) for a in range(plan.attempts))
        # An error event may have been cut by a client that left.
        if not sound and plan.client != "reads" and mark >= 0:
            sound = any(plan.meant(a).startswith(body[:mark]) for a in range(plan.attempts))
        return "prefix" if sound else "WRONG bytes"


def settings(port, dice):
    """Another one at each reload."""
    all_of_it = provider_settings(port, limits={"concurrency": dice.choice([3, 8, "auto"])}, delivery=dice.choice(["stream", "stream", "whole"]),
                                  retry={"attempts": dice.choice([1, 3, 4]), "max_wait": "2s"},
                                  timeouts={"connect": "5s", "first_byte": "5s", "idle": "300ms"})
    all_of_it["limits"]["queue"] = {"max_waiting": dice.choice([20, 200]), "max_wait": "20s"}
    all_of_it["keep_alive"] = dice.choice(["auto", "always"])
    return all_of_it


async def storm(siltgate, provider_port, plans, seed, seconds, seen):
    end, number, dice = time.monotonic() + seconds, len(plans), random.Random(seed)

    async def worker():
        nonlocal number
        connection = None
        while time.monotonic() < end:
            plan = plans[number] = Plan(number, seed)
            number += 1
            client = Client(plan)
            try:
                connection = await client.run(siltgate.port, connection)
            except ConnectionError:
                connection = None
            word = client.verdict()
            seen[word] += 1
            if word.startswith("own 503"):
                await asyncio.sleep(0.05)   # as a client would
            if "WRONG" in word:
                print(word, plan.__dict__, client.status, len(client.body), client.body[-400:], flush=True)
        if connection:
            connection[1].close()

    async def reloader():
        while time.monotonic() < end:
            await asyncio.sleep(0.3)
            siltgate.reload(settings(provider_port, dice))

    await asyncio.gather(reloader(), *(worker() for _ in range(24)))


async def calm(siltgate, provider_port, provider, plans):
    """Everything has ended and nothing rests in the pool."""
    siltgate.reload(settings(provider_port, random.Random(1)))
    wait = time.monotonic() + 20
    while True:
        state = await asyncio.to_thread(siltgate.state)
        if state["in_flight"] == 0 and state["waiting_total"] == 0:
            break
        assert time.monotonic() < wait, "permits are missing: %s" % state
        await asyncio.sleep(0.05)
    for writer in list(provider.writers):
        writer.close()
    await asyncio.sleep(0.3)
    plan = plans[len(plans)] = Plan(len(plans), 1)
    plan.refusals, plan.faults, plan.close, plan.client, plan.stream = 0, ["none"] * 4, True, "reads", True
    client = Client(plan)
    kept = await client.run(siltgate.port, None)
    if kept:
        kept[1].close()
    assert client.verdict() == "whole", (client.verdict(), client.status, client.body)
    await asyncio.sleep(0.3)
    return siltgate.descriptors(), siltgate.rss()


def grew(calms):
    """Over the last storm, by more than a quarter?"""
    return calms[-1][1] >= 1.25 * calms[-2][1] + 4096


async def main(program):
    seconds = float(os.environ.get("SILTGATE_CHAOS_SECONDS", "15"))
    seed = int(os.environ.get("SILTGATE_CHAOS_SEED", time.time_ns() % 1000000))
    print("SILTGATE_CHAOS_SEED=%d" % seed, flush=True)
    plans, seen = {}, Counter()
    provider = Provider(plans)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    siltgate = Siltgate(program, settings(port, random.Random(seed)))
    try:
        calms = [await calm(siltgate, port, provider, plans)]
        # Memory is at its height when the worst moments have met; where the first storm had not seen them yet, another one tells a leak, which goes on, from that.
        while len(calms) < 3 or (grew(calms) and len(calms) < 6):
            await storm(siltgate, port, plans, seed, seconds / 2, seen)
            calms.append(await calm(siltgate, port, provider, plans))
        print("%d exchanges: %s" % (sum(seen.values()), dict(seen.most_common())))
        print("descriptors %s; RSS %s KiB" % tuple(", ".join(str(each[i]) for each in calms) for i in (0, 1)))
        assert not any("WRONG" in word for word in seen), "wrong bytes"
        assert seen["whole"] > 0 and seen["prefix"] > 0
        assert all(each[0] == calms[0][0] for each in calms), "descriptors leak"
        assert not grew(calms), "memory grows"
        code = await asyncio.to_thread(siltgate.end)
        assert code == 0, "ended with %d" % code
    finally:
        print(open(siltgate.folder + "/log").read()[-2000:], file=sys.stderr)
        siltgate.remove()


asyncio.run(main(sys.argv[1]))
