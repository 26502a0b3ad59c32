# SPDX-License-Identifier: Apache-2.0
"""A reader who does what the pages say, in an empty home of his own, with the real program on a port of his own: one terminal for the
server, another for everything else. Knows nothing of the pages."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

quick = 60   # seconds that anything may take here


class Reader:
    def __init__(self, root, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="siltgate-reader-"))
        self.home = self.folder / "home"
        self.server, self.log, self.logs = None, None, 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.checkout(pathlib.Path(root), pathlib.Path(program).resolve())
        for folder in ("home", "run", "config", "state", "credentials"):
            (self.folder / folder).mkdir()
        (self.folder / "credentials/zai").write_text("a-key-of-the-provider")
        (self.folder / "credentials/zai").chmod(0o600)
        keep = {name: os.environ[name] for name in ("LANG", "LC_ALL", "ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
        self.env = {**keep, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.home), "NO_PROXY": "127.0.0.1,localhost", "REDIS_PASSWORD": "word",
                    "ALICE_TOKEN": "token-of-alice", "BOB_TOKEN": "token-of-bob", "CREDENTIALS_DIRECTORY": str(self.folder / "credentials"),
                    "XDG_RUNTIME_DIR": str(self.folder / "run"), "XDG_STATE_HOME": str(self.folder / "state"),
                    "SILTGATE_LISTEN": f"127.0.0.1:{self.port}", "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1"}

    def checkout(self, root, program):
        """The two scripts of the repository as they are; the program is built already, so cmake has nothing to do. Installing is refused."""
        built = self.folder / "checkout/build/release"
        built.mkdir(parents=True)
        (built / "build.ninja").touch()
        (built / "siltgate").symlink_to(program)
        (self.folder / "checkout/deploy").mkdir()
        for script in ("run.sh", "packages.sh"):
            shutil.copy(root / "deploy" / script, self.folder / "checkout/deploy")
        stand_ins = self.folder / "bin"
        stand_ins.mkdir()
        (stand_ins / "siltgate").symlink_to(program)
        for name, text in {"cmake": "exit 0", "apt-get": "echo 'no installing in a test' >&2; exit 99", "sudo": "exit 99", "brew": "exit 99"}.items():
            (stand_ins / name).write_text(f"#!/bin/sh\n{text}\n")
            (stand_ins / name).chmod(0o755)

    def here(self, text):
        """The pages' port is taken or not; the reader has one of his own."""
        return text.replace("4290", str(self.port))

    def type(self, command):
        """(exit code, everything it said)."""
        done = subprocess.run(["bash", "-c", self.here(command)], cwd=self.folder / "checkout", env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=quick)
        return done.returncode, done.stdout

    def begin(self, command):
        self.logs += 1
        log = self.folder / f"log{self.logs}"
        with log.open("w") as out:
            process = subprocess.Popen(["bash", "-c", "exec " + self.here(command)], cwd=self.folder / "checkout", env=self.env,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        return process, log

    def watch(self, command, sign):
        """Begins something that goes on by itself, waits for `sign` in what it says, ends it: (whether it came, what was said)."""
        process, log = self.begin(command)
        seen = self.wait_for(process, log, sign)
        self.end(process)
        return seen, log.read_text()

    def serve(self, command):
        """The server's terminal: Ctrl-C for what runs there, then the next."""
        self.stop()
        self.server, self.log = self.begin(command)
        return self.wait_for(self.server, self.log, r"listening on http://"), self.log.read_text()

    def stop(self):
        if self.server is not None:
            self.end(self.server)
        self.server = None

    @staticmethod
    def wait_for(process, log, sign):
        until = time.monotonic() + quick
        while time.monotonic() < until:
            ended = process.poll() is not None
            if re.search(sign, log.read_text(errors="replace")):
                return True
            if ended:
                return False
            time.sleep(0.02)
        return False

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(quick)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def leave(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
