#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a running siltgate answers at /-/metrics is the text format 0.0.4, to the letter, after real exchanges: parsed here strictly, and by
promtool where it is on PATH. Checks too that every name of the table in docs/metrics.md is there. argv: root, program."""
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

root, program = pathlib.Path(sys.argv[1]), sys.argv[2]
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """Families by name: (kind, [(sample name, labels, value)]). AssertionError names the line that is wrong."""
    assert text.endswith("\n"), "the last line does not end"
    families, current = {}, None
    seen = set()
    for number, line in enumerate(text.split("\n")[:-1], 1):
        where = f"line {number}: {line[:120]}"
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            assert name not in families and help_text, where
            current = name
            continue
        if line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == current and kind in ("counter", "gauge", "histogram"), where
            families[name] = (kind, [])
            continue
        found = SAMPLE.fullmatch(line)
        assert found, where
        sample, labels = found[1], tuple(sorted(LABEL.findall(found[2] or "")))
        value = float(found[3])
        kind, samples = families[current]
        base = re.sub(r"_(bucket|sum|count)$", "", sample) if kind == "histogram" else sample
        assert base == current, f"{where}: belongs to {base}, stands under {current}"
        assert (sample, labels) not in seen, f"{where}: stands twice"
        assert kind == "gauge" or value >= 0, where
        assert kind != "counter" or sample.endswith("_total"), where
        seen.add((sample, labels))
        samples.append((sample, dict(labels), value))
    return families


def check_histogram(name, samples):
    series = {}
    for sample, labels, value in samples:
        rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        one = series.setdefault(rest, {"buckets": []})
        if sample.endswith("_bucket"):
            one["buckets"].append((float(labels["le"].replace("+Inf", "inf")), value))
        else:
            one[sample[len(name) + 1:]] = value
    for labels, one in series.items():
        bounds, counts = [b for b, _ in one["buckets"]], [c for _, c in one["buckets"]]
        assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), f"{name}{labels}: bounds {bounds}"
        assert counts == sorted(counts) and counts[-1] == one["count"], f"{name}{labels}: counts {counts}"
        assert "sum" in one, f"{name}{labels}: no sum"


def ask(port, model, content="hello"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = json.dumps({"model": model, "stream": True, "demo_pace_ms": 0, "messages": [{"role": "user", "content": content}]})
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json", "Authorization": "Bearer secret-of-this-test"})
    try:
        connection.getresponse().read()
    except http.client.HTTPException:
        pass  # a damaged answer is cut
    connection.close()


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    return connection.getresponse().read().decode()


with tempfile.TemporaryDirectory() as home:
    env = {k: v for k, v in os.environ.items() if not k.upper().startswith(("SILTGATE_", "XDG_")) and not k.upper().endswith("_PROXY")}
    env |= {"HOME": home, "XDG_RUNTIME_DIR": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
    process = subprocess.Popen([program, "--upstream", "demo:", "--listen", "127.0.0.1:0"], env=env, stderr=subprocess.PIPE, text=True)
    try:
        port = 0
        for line in process.stderr:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                port = int(found[1])
                break
        assert port, "siltgate did not start"
        for model in ("demo/echo", "demo/splice", "demo/error", 'demo/odd "name\\ with\nall of it'):
            ask(port, model)
        deadline = time.monotonic() + 10
        while len(json.loads(fetch(port, "/-/api/exchanges"))) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        text = fetch(port, "/-/metrics")
    finally:
        process.terminate()
        process.wait(20)

families = parse(text)
for name, (kind, samples) in families.items():
    if kind == "histogram":
        check_histogram(name, samples)
names = re.findall(r"^\| `([a-z0-9_]+)` \|(?!.*only with `shared\.redis`)", (root / "docs/metrics.md").read_text(), re.M)
missing = [name for name in names if name not in families]
assert not missing, f"docs/metrics.md names what is not there: {missing}"
silent = [name for name in names if not families[name][1] and name not in ("siltgate_event_gap_seconds",)]
assert not silent, f"no samples after four exchanges: {silent}"
own = {s: v for s, _, v in families["siltgate_own_time_seconds"][1] if not s.endswith("_bucket")}
assert own["siltgate_own_time_seconds_count"] == 4 and own["siltgate_own_time_seconds_sum"] > 0, own
assert "secret-of-this-test" not in text
if promtool := shutil.which("promtool"):
    run = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
print(f"{len(families)} families, {sum(len(s) for _, s in families.values())} samples, own time {own['siltgate_own_time_seconds_sum'] / 4 * 1e3:.2f} ms an exchange" +
      (", promtool agrees" if promtool else " (without promtool)"))
