#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures direct, nginx, HAProxy and siltgate on the same work in one interleaved run and prints medians as a table.

The proxy under test is pinned to one core, upstream and clients to another; its CPU time is read from the kernel's
scheduler statistics of its threads. Compare ratios, not absolutes.  Called by run.sh.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
UPSTREAM, UPSTREAM_TLS, PROXY = 21930, 21931, 21940   # below the ports that thousands of clients are given
PROXY_CORE, LOAD_CORE = "0", "1"

# name: what it is, connections, seconds, request bytes, x-bench, mode, figure
WORKLOADS = {
    "W1": ("1 KB JSON, 64 keep-alive connections", 64, 4, 1024, "json", "", "answers"),
    "W2": ("SSE, one event a write, unpaced", 16, 4, 1024, "sse 2000 0 1", "", "events"),
    "W2b": ("SSE in bursts of 16", 16, 4, 1024, "sse 4000 0 16", "", "events"),
    "W2bf": ("the same, no two events alike", 16, 4, 1024, "sse 4000 0 16 1", "", "events"),
    "W3": ("500 streams, 20 ms an event", 500, 5, 1024, "sse 100000 20000 1", "settle", "events"),
    "W3f": ("the same, no two events alike", 500, 5, 1024, "sse 100000 20000 1 1", "settle", "events"),
    "W4": ("9,900 streams, one event a second", 9900, 6, 1024, "sse 100000 1000000 1", "settle", "events"),
    "W5": ("2 MB prompts", 4, 4, 2 * 1024 * 1024, "json", "", "answers"),
    "W6": ("time to first byte at idle", 1, 3, 1024, "sse 1 0 1", "ttfb", "answers"),
}
TLS_WORKLOADS = ["W1", "W2b", "W3"]


def wait_for_port(port, process):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process and process.poll() is not None:
            sys.exit(f"{process.args[0]} ended at once")
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def pinned(core, command, **options):
    return subprocess.Popen(["taskset", "-c", core, *map(str, command)], **options)


def family(pid):
    """The process and its children."""
    pids = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split() if (task / "children").exists() else []
        for child in children:
            pids += family(int(child))
    return pids


def cpu_seconds(pid):
    total = 0
    for one in family(pid):
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def rss_kb(pid):
    total = 0
    for one in family(pid):
        for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


class Proxy:
    """One proxy, started anew for each measurement, so that no workload meets the leftovers of another."""

    def __init__(self, name, folder, certificate):
        self.name, self.folder, self.certificate, self.process = name, folder, certificate, None

    def start(self, tls, keep_alive):
        upstream = UPSTREAM_TLS if tls else UPSTREAM
        command = getattr(self, self.name)(upstream, tls, keep_alive)
        log = open(self.folder / f"{self.name}.log", "ab")
        self.process = pinned(PROXY_CORE, command, stdout=log, stderr=log)
        wait_for_port(PROXY, self.process)
        time.sleep(0.2)

    def stop(self):
        self.process.send_signal(signal.SIGKILL if self.name == "siltgate" else signal.SIGTERM)
        self.process.wait()
        while True:  # its port must be free again
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", PROXY)) != 0:
                    return
            time.sleep(0.05)

    def nginx(self, upstream, tls, keep_alive):
        scheme = "https" if tls else "http"
        path = self.folder / "nginx.conf"
        path.write_text(f"""
user root; daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx-error.log;
events {{ worker_connections 50000; }}
http {{
  access_log {self.folder}/nginx-access.log; client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  client_max_body_size 64m; keepalive_requests 1000000; keepalive_timeout {'75s' if keep_alive else '0'};
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{PROXY} backlog=4096;
    location / {{
      proxy_pass {scheme}://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
      proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_trusted_certificate {self.certificate[0]}; proxy_read_timeout 600s;
    }}
  }}
}}
""")
        return ["nginx", "-c", path, "-p", self.folder]

    def haproxy(self, upstream, tls, keep_alive):
        secure = f"ssl verify required ca-file {self.certificate[0]} sni str(localhost)" if tls else ""
        path = self.folder / "haproxy.cfg"
        path.write_text(f"""
global
  nbthread 1
  maxconn 9950
defaults
  mode http
  option http-no-delay
  {'option http-keep-alive' if keep_alive else 'option httpclose'}
  timeout connect 10s
  timeout client 600s
  timeout server 600s
frontend local
  bind 127.0.0.1:{PROXY} backlog 4096
  default_backend provider
backend provider
  http-reuse always
  server one 127.0.0.1:{upstream} {secure}
""")
        return ["haproxy", "-f", path]

    def siltgate(self, upstream, tls, keep_alive):
        scheme = "https://localhost" if tls else "http://127.0.0.1"
        path = self.folder / "siltgate.jsonc"
        path.write_text(json.dumps({
            "keep_alive": "always" if keep_alive else "never",
            "listen": [f"127.0.0.1:{PROXY}"],
            "providers": {"bench": {"base_url": f"{scheme}:{upstream}/v1", "ca_file": str(self.certificate[0]) if tls else "",
                                    "limits": {"concurrency": 20000}}},
            "default_provider": "bench",
            "limits": {"connections": 40000, "repeat": {"max": 0}, "queue": {"max_waiting": 20000}},
            "validate": {"finish_reason": "reject", "tool_arguments": "reject", "garble": "flag"},
            "capture": {"mode": "off"},
        }))
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_RUNTIME_DIR"] = str(self.folder)
        return [BUILD / "siltgate", "--config", path]


def load(port, workload, on_settled=None):
    _, connections, seconds, body, wish, mode, _ = workload
    command = [BUILD / "tests/bench_load", port, connections, seconds, body, wish, mode]
    process = pinned(LOAD_CORE, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if mode == "settle":
        process.stderr.readline()
        if on_settled:
            on_settled()
    out, err = process.communicate()
    if process.returncode != 0 or not out:
        sys.exit(f"bench_load failed: {err}")
    return json.loads(out)


def measure(proxy, workload, tls, keep_alive):
    figure = workload[-1]
    if proxy is None:
        result = load(UPSTREAM, workload)
        return {"p50": result["p50_us"], "p99": result["p99_us"], "rate": result[figure] / result["seconds"]}
    proxy.start(tls, keep_alive)
    try:
        pid = proxy.process.pid
        begin = {"cpu": cpu_seconds(pid), "memory": rss_kb(pid)}

        def settled():
            begin["cpu"] = cpu_seconds(pid)

        result = load(PROXY, workload, settled)
        used, memory = cpu_seconds(pid) - begin["cpu"], rss_kb(pid) - begin["memory"]
        if result["refused"] or (result["broken"] and keep_alive):
            sys.exit(f"{proxy.name}: {result} in {workload[0]}; see {proxy.folder}")
        done = max(result[figure], 1)
        return {"cpu_us": used * 1e6 / done, "p50": result["p50_us"], "p99": result["p99_us"],
                "kb": memory / workload[1], "rate": done / result["seconds"]}
    finally:
        proxy.stop()


def medians(samples):
    return {key: statistics.median(s[key] for s in samples) for key in samples[0]}


def row(name, results):
    """One line a proxy: absolute medians and the ratio to nginx."""
    lines = []
    direct = results.get("direct")
    nginx = results.get("nginx")
    for proxy, value in results.items():
        if proxy == "direct":
            lines.append(f"| {name} | direct | – | – | {value['p50']:.0f} / {value['p99']:.0f} | – | – | {value['rate']:.0f} |")
            continue
        cpu = f"{value['cpu_us']:.2f} | {value['cpu_us'] / nginx['cpu_us']:.2f}" if nginx else f"{value['cpu_us']:.2f} | –"
        added = [value[p] - direct[p] for p in ("p50", "p99")] if direct else [value["p50"], value["p99"]]
        ratio = "–"
        if direct and nginx and nginx["p50"] > direct["p50"]:
            ratio = f"{added[0] / (nginx['p50'] - direct['p50']):.2f}"
            if nginx["p99"] > direct["p99"]:
                ratio += f" / {added[1] / (nginx['p99'] - direct['p99']):.2f}"
        lines.append(f"| {name} | {proxy} | {cpu} | {added[0]:.0f} / {added[1]:.0f} | {ratio} | {value['kb']:.1f} | {value['rate']:.0f} |")
    return lines


def certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return cert, key


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="workloads, for example W3 W2b-tls")
    parser.add_argument("--proxies", nargs="*", default=["direct", "nginx", "haproxy", "siltgate"])
    parser.add_argument("--scaling", action="store_true", help="CPU per event at 10, 100, 1,000 and 9,900 streams (two descriptors each; many systems end at 20,000)")
    parser.add_argument("--json", help="write all samples to this file")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="siltgate-bench-"))
    keys = certificate(folder)
    upstreams = [pinned(LOAD_CORE, [BUILD / "tests/bench_upstream", UPSTREAM]),
                 pinned(LOAD_CORE, [BUILD / "tests/bench_upstream", UPSTREAM_TLS, *keys])]
    for port in (UPSTREAM, UPSTREAM_TLS):
        wait_for_port(port, None)
    plan = {name: (work, False, True) for name, work in WORKLOADS.items()}
    plan |= {f"{name}-tls": (WORKLOADS[name], True, True) for name in TLS_WORKLOADS}
    plan["W1-close"] = (WORKLOADS["W1"], False, False)
    if options.scaling:
        plan = {f"S{n}": ((f"{n} streams", n, 5, 1024, f"sse 100000 {max(20000, n * 100)} 1", "settle", "events"), False, True)
                for n in (10, 100, 1000, 9900)}
    if options.only:
        plan = {name: plan[name] for name in options.only}
    proxies = {name: None if name == "direct" else Proxy(name, folder, keys) for name in options.proxies}
    samples = {name: {proxy: [] for proxy in proxies} for name in plan}
    try:
        for repeat in range(options.repeats):
            for name, (work, tls, keep_alive) in plan.items():
                for proxy, one in proxies.items():
                    samples[name][proxy].append(measure(one, work, tls, keep_alive))
            print(f"repeat {repeat + 1} of {options.repeats} done", file=sys.stderr)
    finally:
        for process in upstreams:
            process.kill()
    print("| workload | proxy | CPU µs per event or request | ratio to nginx | added latency p50 / p99 µs | ratio to nginx | KB per connection | per second |")
    print("|---|---|---|---|---|---|---|---|")
    for name, by_proxy in samples.items():
        for line in row(f"{name}: {plan[name][0][0]}", {proxy: medians(values) for proxy, values in by_proxy.items()}):
            print(line)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(samples, indent=1))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
