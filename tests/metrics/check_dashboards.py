#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboard and the alert rules hold: valid, and every metric they ask for exists in docs/metrics.md, which names every metric
of the code. With promtool on PATH the rules and every query are parsed by Prometheus itself."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
faults = []


def metric_names(text):
    """Names as samples have them, without the suffixes of histograms."""
    names = re.findall(r"\b(?:siltgate|gen_ai)_[a-z0-9_]+\b", text)
    labels = {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names if name not in labels}


def in_code():
    text = (root / "server/observe/exchange_metrics.cpp").read_text()
    return set(re.findall(r'"((?:siltgate|gen_ai)_[a-z0-9_]+)",\s*"', text)) - {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}


known = in_code()
table = re.findall(r"^\| `([a-z0-9_]+)` \|", (root / "docs/metrics.md").read_text(), re.M)
faults += [f"docs/metrics.md lacks {name}" for name in sorted(known - set(table))]
faults += [f"docs/metrics.md names {name}, which the code does not have" for name in sorted(set(table) - known)]

queries = []
for file in sorted((root / "deploy/grafana").glob("*.json")):
    board = json.loads(file.read_text())
    if not isinstance(board.get("schemaVersion"), int):
        faults.append(f"{file.name}: schemaVersion is missing")
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        faults.append(f"{file.name}: two panels have one id")
    for panel in board["panels"]:
        if panel["type"] != "row" and not panel.get("targets"):
            faults.append(f"{file.name}: panel {panel['title']} asks for nothing")
        queries += [(f"{file.name}, {panel['title']}", target["expr"]) for target in panel.get("targets", [])]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            queries.append((f"{file.name}, variable {variable['name']}", re.sub(r"^label_values\((.*),\s*\w+\)$", r"\1", variable["query"]["query"])))

rules = sorted((root / "deploy/prometheus").glob("*.yml"))
for file in rules:
    text = file.read_text()
    alerts = re.findall(r"^\s+- alert: (\w+)", text, re.M)
    if not alerts or len(alerts) != len(set(alerts)):
        faults.append(f"{file.name}: no alert, or one name twice")
    for name in alerts:
        if f"`{name}`" not in (root / "docs/metrics.md").read_text():
            faults.append(f"docs/metrics.md does not tell of the alert {name}")
    faults += [f"{file.name} asks for {name}, which does not exist" for name in sorted(metric_names("\n".join(re.findall(r"expr:(.*?)(?=\n\s+(?:for|labels|annotations):)", text, re.S))) - known)]

for where, query in queries:
    faults += [f"{where} asks for {name}, which does not exist" for name in sorted(metric_names(query) - known)]

promtool = shutil.which("promtool")
if promtool:
    with tempfile.TemporaryDirectory() as folder:
        # Grafana's own variables stand for a duration or a pattern.
        plain = [re.sub(r"\$(__rate_interval|__range|interval)\b", "5m", re.sub(r"\$\{?(provider|model|instance)\b(:regex)?\}?", ".*", query)) for _, query in queries]
        path = pathlib.Path(folder) / "queries.yml"
        path.write_text(json.dumps({"groups": [{"name": "queries", "rules": [{"record": f"q:{i}:x".replace(":", "_"), "expr": query} for i, query in enumerate(plain)]}]}))
        for file in [*rules, path]:
            run = subprocess.run([promtool, "check", "rules", "--lint=none", str(file)], capture_output=True, text=True)
            if run.returncode:
                faults.append(f"promtool check rules {file.name}: {run.stdout}{run.stderr}")
        cases = pathlib.Path(folder) / "alerts.yml"
        cases.write_text((root / "tests/metrics/alerts.yml").read_text().replace("RULES", str(rules[0])))
        run = subprocess.run([promtool, "test", "rules", str(cases)], capture_output=True, text=True)
        if run.returncode:
            faults.append(f"promtool test rules: {run.stdout}{run.stderr}")

print("\n".join(faults) or f"{len(known)} metrics, {len(queries)} queries, {len(rules)} file of rules hold" + ("" if promtool else " (without promtool)"))
sys.exit(1 if faults else 0)
