#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws CPU per event over the number of streams out of the samples of `run.sh --scaling --json FILE`:

  plot_scaling.py FILE > docs/scaling.svg
"""
import json
import math
import statistics
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 50, 110, 20, 40
COLOURS = {"nginx": "#2a7", "haproxy": "#37c", "siltgate": "#c33"}


def text(x, y, words, anchor="middle", colour="#444"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def main():
    samples = json.load(open(sys.argv[1]))
    counts = sorted(int(name[1:]) for name in samples if name[0] == "S" and name[1:].isdigit())
    series = {proxy: [statistics.median(s["cpu_us"] for s in samples[f"S{n}"][proxy]) for n in counts]
              for proxy in COLOURS if proxy in samples[f"S{counts[0]}"]}
    top = math.ceil(max(max(values) for values in series.values()) / 5) * 5
    first, last = math.log10(counts[0]), math.log10(counts[-1])
    x = lambda n: LEFT + (math.log10(n) - first) / (last - first) * (WIDTH - LEFT - RIGHT)
    y = lambda us: HEIGHT - BOTTOM - us / top * (HEIGHT - TOP - BOTTOM)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for us in range(0, top + 1, 5):
        out.append(f'<path d="M{LEFT} {y(us):.0f}H{WIDTH - RIGHT}" stroke="#ddd"/>' + text(LEFT - 8, y(us) + 4, us, "end"))
    for n in counts:
        out.append(text(x(n), HEIGHT - BOTTOM + 18, f"{n:,}"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "streams at once"))
    out.append(text(LEFT, TOP - 6, "µs of CPU per event", "start"))
    label = TOP
    for proxy, values in sorted(series.items(), key=lambda one: -one[1][-1]):
        points = " ".join(f"{x(n):.1f},{y(v):.1f}" for n, v in zip(counts, values))
        out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[proxy]}" stroke-width="2"/>')
        out += [f'<circle cx="{x(n):.1f}" cy="{y(v):.1f}" r="3" fill="{COLOURS[proxy]}"/>' for n, v in zip(counts, values)]
        label = max(label + 15, y(values[-1]) + 4)   # names do not cover each other
        out.append(text(WIDTH - RIGHT + 10, label, f"{proxy} {values[-1]:.1f}", "start", COLOURS[proxy]))
    print("\n".join([*out, "</svg>"]))


main()
