# SPDX-License-Identifier: Apache-2.0
"""siltgate as a process of its own, started and looked at from outside. Knows nothing of what the tests do with it."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request


class Siltgate:
    """`settings`: a whole configuration without "listen". `wrapper`: words before the program, such as a shell's ulimit."""

    def __init__(self, program, settings, wrapper=()):
        self.folder = tempfile.mkdtemp(prefix="siltgate-chaos-")
        self.port = free_port()
        self.command = [*wrapper, program, "run", "--config", self.folder + "/siltgate.jsonc"]
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=self.folder, XDG_STATE_HOME=self.folder + "/state")
        for name in list(self.environment):
            if name.startswith("SILTGATE_") or name.lower().endswith("_proxy"):
                del self.environment[name]
        self.configure(settings)
        self.start()

    def configure(self, settings):
        with open(self.folder + "/new", "w") as file:
            json.dump({"listen": ["127.0.0.1:%d" % self.port], **settings}, file)
        os.rename(self.folder + "/new", self.folder + "/siltgate.jsonc")

    def start(self):
        self.log = open(self.folder + "/log", "a")
        self.process = subprocess.Popen(self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=self.log)
        wait_until(self.answers, "siltgate answers", lambda: open(self.folder + "/log").read())

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def reload(self, settings):
        self.configure(settings)
        self.process.send_signal(signal.SIGHUP)

    def state(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/-/api/state" % self.port, timeout=10) as reply:
            return json.load(reply)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def rss(self):
        """KiB."""
        return int(open("/proc/%d/statm" % self.process.pid).read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    def cpu_seconds(self):
        fields = open("/proc/%d/stat" % self.process.pid).read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, number=signal.SIGTERM, patience=20):
        self.process.send_signal(number)
        code = self.process.wait(patience)
        self.log.close()
        return code

    def remove(self):
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def wait_until(reached, what, why=lambda: "", patience=20):
    deadline = time.monotonic() + patience
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError("not within %d s: %s %s" % (patience, what, why()))
        time.sleep(0.02)


def provider_settings(port, **changes):
    provider = {"base_url": "http://127.0.0.1:%d/v1" % port, "profile": "zai", "limits": {"concurrency": 1000},
                "timeouts": {"connect": "5s", "first_byte": "20s", "idle": "20s"}, **changes}
    return {"providers": {"up": provider}, "log": {"level": "error"}, "limits": {"repeat": {"max": 0}}, "drain": "10s"}
