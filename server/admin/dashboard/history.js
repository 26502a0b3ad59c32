// SPDX-License-Identifier: Apache-2.0
// The exchanges that ended, newest first, filtered; walked by arrow keys.
import { $, el, say, mark, keep } from './dom.js';
import { count, clock, duration, rate, signs, shortClient, ttft, tokensPerSecond } from './format.js';

const filters = { verdict: $('by-verdict'), provider: $('by-provider'), model: $('by-model'), text: $('by-text') };
let openExchange, redraw;

export function prepareHistory(open, again) {
  openExchange = open;
  redraw = again;
  for (const field of Object.values(filters)) field.addEventListener('input', redraw);
  $('clear').addEventListener('click', () => {
    for (const field of Object.values(filters)) field.value = '';
    redraw();
    filters.text.focus();
  });
}

const haystack = (x) => [x.id, x.verdict.cause, x.verdict.summary, x.client, x.session, x.key, x.model, x.provider, x.peer, x.status, x.finish_reason,
                         x.provider_error, ...x.findings.map((f) => f.reason)].join('\n').toLowerCase();

function wanted(x) {
  const { verdict, provider, model, text } = filters;
  if (verdict.value === 'bad' ? x.verdict.blame === 'intact' : verdict.value && x.verdict.blame !== verdict.value) return false;
  if (provider.value && x.provider !== provider.value) return false;
  if (model.value && x.model !== model.value) return false;
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => haystack(x).includes(word));
}

/// Choices grow with what was seen and never lose the one that is chosen.
function offer(select, names) {
  const there = new Set([...select.options].map((option) => option.value));
  for (const name of [...new Set(names)].filter((name) => name && !there.has(name)).sort()) select.append(el('option', { value: name }, name));
}

function makeRow(x) {
  const node = el('tr', { tabindex: '-1', 'data-blame': x.verdict.blame, 'data-id': x.id, onclick: () => openExchange(x.id) },
    el('td', { class: 'time' }, el('time', { datetime: x.started_at }, clock(x.started_at))),
    el('td', { class: 'verdict' }, el('span', { class: 'sign', 'aria-hidden': 'true' }, signs[x.verdict.blame]), ' ', x.verdict.blame),
    el('td', { class: 'what' }, x.verdict.cause === 'intact' ? el('span', { class: 'quiet' }, x.finish_reason) : `${x.verdict.cause}: ${x.verdict.summary}`),
    el('td', { class: 'model' }, x.model || '–'),
    el('td', { class: 'client' }, shortClient(x.client)),
    el('td', { class: 'n status' }, x.status ? String(x.status) : '–'),
    el('td', { class: 'n tries' }, x.attempts.length ? String(x.attempts.length) : '–'),
    el('td', { class: 'n queue' }, duration(x.times_ms.queued)),
    el('td', { class: 'n ttft' }, duration(ttft(x))),
    el('td', { class: 'n total' }, duration(x.times_ms.ended)),
    el('td', { class: 'n tokens' }, x.in_tokens === null && x.out_tokens === null ? '–' : `${count(x.in_tokens)} / ${count(x.out_tokens)}`),
    el('td', { class: 'n rate' }, rate(tokensPerSecond(x))));
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    openExchange(x.id);
  });
  return node;
}

export function drawHistory(exchanges, opened) {
  offer(filters.provider, exchanges.map((x) => x.provider));
  offer(filters.model, exchanges.map((x) => x.model));
  const list = exchanges.filter(wanted);
  const body = $('exchanges').tBodies[0];
  keep(body, list, (x) => x.id, makeRow, (node, x) => mark(node, 'aria-selected', x.id === opened));
  // One row can be reached by Tab: the opened one, else that which had the focus, else the first.
  const rows = [...body.rows];
  const stop = rows.find((row) => row.dataset.id === opened) ?? rows.find((row) => row === document.activeElement) ?? rows[0];
  for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  const some = Object.values(filters).some((field) => field.value);
  say($('history-count'), some ? `${list.length} of ${exchanges.length}` : exchanges.length ? String(exchanges.length) : '');
  $('clear').hidden = !some;
  $('exchanges').hidden = !list.length;
  $('history-empty').hidden = list.length > 0;
  say($('history-empty'), exchanges.length ? 'No exchange passes these filters.' : 'No exchange has ended yet.');
}

/// Moves the focus by `step` rows; the first press takes the row that Tab would.
export function walk(step) {
  const rows = [...$('exchanges').tBodies[0].rows];
  const here = rows.indexOf(document.activeElement);
  const next = here < 0 ? rows.find((row) => row.tabIndex === 0) : rows[Math.min(rows.length - 1, Math.max(0, here + step))];
  if (!next) return;
  for (const row of rows) row.tabIndex = row === next ? 0 : -1;
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
}

export function focusRow(id) {
  const row = [...$('exchanges').tBodies[0].rows].find((each) => each.dataset.id === id);
  (row ?? $('history')).focus();
}

export const focusSearch = () => filters.text.focus();
