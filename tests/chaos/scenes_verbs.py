# SPDX-License-Identifier: Apache-2.0
"""Scenes for process.py: what the verbs say to a process that drains, moves or is restarted, and signals of other daemons."""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from siltgate_process import Siltgate, free_port, provider_settings, wait_until
from slow_provider import Provider, ask, connect, read_all, read_until


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


def started_while_another_drains(program):
    """The port is free while the one before drains, its control socket is not yet: verbs find the new one once that is gone."""
    provider = Provider()
    siltgate = Siltgate(program, provider_settings(provider.port))
    try:
        stream, before = ask(siltgate.port), siltgate.process
        read_until(stream, b"begun")
        before.send_signal(signal.SIGTERM)
        wait_until(lambda: not siltgate.answers(), "the port is closed")
        siltgate.start()
        provider.gate.set()
        assert read_all(stream).endswith(b"0\r\n\r\n")
        assert before.wait(5) == 0

        def found():
            status = subprocess.run([program, "status", "--json"], env=siltgate.environment, capture_output=True, text=True, timeout=20)
            return status.returncode == 0 and not json.loads(status.stdout)["draining"]
        wait_until(found, "the new one is found")
        assert siltgate.end() == 0
    finally:
        siltgate.remove()


def why_points_back(program):
    """The last exchange is often the sound one behind the one that went wrong: `why` names that one, too, as long as nobody asked for an ID."""
    siltgate = Siltgate(program, {"providers": {"demo": {"base_url": "demo:"}}})

    def prompt(model):
        body = b'{"model":"%s","stream":true,"messages":[{"role":"user","content":"hi"}]}' % model
        sock = connect(siltgate.port)
        sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return re.search(rb"siltgate-id: (sg_\w+)", read_all(sock)).group(1).decode()

    def why(*words):
        return subprocess.run([program, "why", *words], env=siltgate.environment, capture_output=True, text=True, timeout=20)

    try:
        prompt(b"demo/echo")
        assert "went wrong" not in why().stderr
        bad, good = prompt(b"demo/truncate"), prompt(b"demo/echo")
        last = why()
        assert last.returncode == 0 and last.stdout.startswith("intact") and good in last.stdout, last
        assert "siltgate why " + bad in last.stderr, last.stderr
        assert not why(good).stderr and json.loads(why("last", "--json").stdout)["id"] == good
        assert why(bad).returncode == 10
    finally:
        siltgate.remove()


def closed_standard_descriptors(program):
    """Started with input, output and errors closed, none of its sockets takes their place: log lines would go there."""
    siltgate = Siltgate(program, provider_settings(1), wrapper=("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-'))
    try:
        for number in range(3):
            assert os.readlink("/proc/%d/fd/%d" % (siltgate.process.pid, number)) == "/dev/null", number
        assert siltgate.end() == 0
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
