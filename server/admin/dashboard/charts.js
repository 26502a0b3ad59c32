// SPDX-License-Identifier: Apache-2.0
// Three small bar charts over the last exchanges, oldest left. A bar of an exchange that was not intact is hollow.
import { $, svg, say, mark } from './dom.js';
import { duration, rate, ttft, tokensPerSecond, signs } from './format.js';

const shown = 48, width = 300, height = 64, base = height - 10;
// `least`: the scale goes at least so far, so that noise does not look like news.
const charts = [
  { id: 'chart-ttft', name: 'Time to first token', value: ttft, text: duration, least: 50 },
  { id: 'chart-rate', name: 'Tokens per second', value: tokensPerSecond, text: rate, least: 10 },
  { id: 'chart-queue', name: 'Wait in the queue', value: (x) => x.times_ms.queued, text: duration, least: 100 },
];

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor((sorted.length - 1) / 2)] : null;
}

function bar(x, at, value, most, text) {
  const tall = value === null ? 0 : Math.max(1, (value / most) * (base - 4));
  const step = width / shown;
  const node = svg('g', { 'data-blame': x.verdict.blame },
    svg('title', {}, `${x.id} ${x.verdict.blame}: ${value === null ? 'none' : text(value)}`),
    svg('rect', { class: 'hit', x: at * step, y: 0, width: step, height }),
    svg('rect', { class: 'bar', x: at * step + 1, y: base - tall, width: step - 2, height: tall }));
  if (x.verdict.blame !== 'intact') node.append(svg('text', { x: at * step + step / 2, y: height - 1 }, signs[x.verdict.blame]));
  return node;
}

export function drawCharts(exchanges, open) {
  const last = exchanges.filter((x) => x.provider).slice(0, shown).reverse();
  for (const chart of charts) {
    const values = last.map(chart.value), known = values.filter((value) => value !== null);
    const most = Math.max(...known, 0);
    const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', preserveAspectRatio: 'none' },
      svg('line', { class: 'base', x1: 0, x2: width, y1: base, y2: base }),
      ...last.map((x, i) => bar(x, shown - last.length + i, values[i], Math.max(most, chart.least), chart.text)));
    [...picture.querySelectorAll('g')].forEach((node, i) => node.addEventListener('click', () => open(last[i].id)));
    const middle = median(known);
    const words = known.length ? `median ${chart.text(middle)}, most ${chart.text(most)}` : 'nothing yet';
    mark(picture, 'aria-label', `${chart.name}, last ${last.length} exchanges: ${words}`);
    const figure = $(chart.id);
    say(figure.querySelector('figcaption'), `${chart.name} · ${words}`);
    figure.querySelector('svg')?.remove();
    figure.append(picture);
  }
}
