// SPDX-License-Identifier: Apache-2.0
// What is known of every exchange, recorded or not: the verdict with its facts, and where the time went.
import { el, svg } from './dom.js';
import { duration, clock, count, plural } from './format.js';

/// "7b 22 …|{"…|" of an excerpt, sixteen bytes a line.
export function hexLines(hex, offset, fault) {
  const bytes = hex.match(/../g) ?? [];
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.slice(at, at + 16);
    const text = part.map((byte) => parseInt(byte, 16)).map((c) => (c >= 32 && c < 127 ? String.fromCharCode(c) : '.')).join('');
    lines.push(`${String(offset + at).padStart(8)}  ${part.join(' ').padEnd(47)}  ${text}`);
    const here = fault - offset - at;
    if (here >= 0 && here < part.length) lines.push(' '.repeat(10 + 3 * here) + '^^');
  }
  return lines.join('\n');
}

const pairs = (entries) => el('dl', {}, ...entries.filter(([, value]) => value !== '' && value !== null && value !== undefined)
  .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, String(value))]));

function attemptRow(a, i) {
  const said = a.refusal && a.refusal !== 'none' ? `refused: ${a.refusal}${a.code ? ` ${a.code}` : ''}` : a.failure ? `${a.failure.cause.replaceAll('_', ' ')} in ${a.failure.phase.replaceAll('_', ' ')}: ${a.failure.detail}` : 'served';
  const took = a.ended_ms !== undefined && a.admitted_ms !== undefined ? duration(a.ended_ms - a.admitted_ms) : '–';
  return el('tr', {}, el('td', { class: 'n' }, `${i + 1}.`), el('td', { class: 'n' }, String(a.status || '–')), el('td', {}, said), el('td', { class: 'n' }, took),
    el('td', { class: 'n' }, a.back_off_ms ? duration(a.back_off_ms) : '–'), el('td', {}, a.reused ? 'kept alive' : 'new'));
}

function attempts(x) {
  if (!x.attempts.length) return [];
  const head = ['', 'Status', 'Outcome', 'Took', 'Then waited', 'Connection'].map((name, i) => el('th', { class: [0, 1, 3, 4].includes(i) ? 'n' : null }, name));
  return [el('h3', {}, plural(x.attempts.length, 'attempt')), el('div', { class: 'wide' }, el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...x.attempts.map(attemptRow))))];
}

function finding(f) {
  const where = `${f.attempt ? `attempt ${f.attempt}, ` : ''}event ${f.event}, byte ${f.offset}`;
  const border = f.at_read_boundary ? '; a network read ended there' : '';
  return el('section', { class: 'finding', 'data-action': f.action }, el('p', {}, el('strong', {}, `${f.check} ${f.action}`), ` · ${where}${border}`), el('p', {}, f.reason),
    ...(f.excerpt_hex ? [el('pre', { class: 'dump' }, hexLines(f.excerpt_hex, f.excerpt_offset, f.offset))] : []));
}

function identity(x) {
  const tls = x.upstream.tls ? `${x.upstream.tls_version ?? 'TLS'}${x.upstream.tls_issuer ? `, certificate by ${x.upstream.tls_issuer}` : ''}` : 'without TLS';
  return pairs([
    ['Started', `${clock(x.started_at)} (${x.started_at})`], ['Request', `${x.method} ${x.target}, ${count(x.request_bytes)} bytes`],
    ['Client', `${x.client || '–'} from ${x.peer}`], ['Session', x.session], ['Class', x.class], ['Provider', x.provider], ['Key', x.key], ['Model', x.model],
    ['Upstream', x.upstream.address && `${x.upstream.address}, ${tls}`], ['Finish reason', x.finish_reason], ['Provider said', x.provider_error],
    ['Received', `${count(x.bytes_in)} bytes, ${count(x.events)} events`], ['SHA-256', x.sha256_in], ['Delivered', `${count(x.bytes_out)} bytes`],
    ['SHA-256', x.sha256_out === x.sha256_in ? 'the same' : x.sha256_out], ['Closed first', x.closed_first === 'nobody' ? '' : x.closed_first], ['Answer for', x.replay_of]]);
}

export function drawWhy(x) {
  return [
    el('p', { class: 'quiet' }, `cause ${x.verdict.cause}, ${x.verdict.certainty}`),
    el('ul', { class: 'facts' }, ...x.verdict.facts.map((fact) => el('li', {}, fact))),
    ...(x.verdict.advice ? [el('p', { class: 'advice' }, el('strong', {}, 'What you can do: '), x.verdict.advice)] : []),
    ...(x.findings.length ? [el('h3', {}, plural(x.findings.length, 'finding')), ...x.findings.map(finding)] : []),
    ...attempts(x), el('h3', {}, 'The exchange'), identity(x), el('p', { class: 'quiet' }, `The same on a terminal: siltgate why ${x.id}`)];
}

/// Stretches of time with a name, in ms after the request was accepted.
function stretches(x) {
  const out = [];
  const add = (name, kind, from, to) => from !== undefined && to !== undefined && to > from && out.push({ name, kind, from, to });
  const first = x.attempts[0]?.admitted_ms;
  add(first === undefined ? 'waited, until it ended' : 'queue', 'queue', 0, first ?? x.times_ms.ended);
  x.attempts.forEach((a, i) => {
    const of = x.attempts.length > 1 ? ` ${i + 1}` : '';
    const end = a.ended_ms ?? x.times_ms.ended;
    add(`connect${of}`, 'connect', a.admitted_ms, a.connected_ms ?? (a.failure ? end : undefined));
    add(`first byte${of}`, 'wait', a.connected_ms, a.first_byte_ms ?? end);
    add(`${a.refusal && a.refusal !== 'none' ? 'refusal' : 'answer'}${of}`, a.refusal || a.failure ? 'lost' : 'answer', a.first_byte_ms, end);
    const next = x.attempts[i + 1]?.admitted_ms;
    add(`back-off and queue ${i + 2}`, 'queue', end, next);
  });
  add('last bytes to the client', 'client', x.attempts.at(-1)?.ended_ms, x.times_ms.last_byte_out);
  return out;
}

function waterfall(list, total) {
  const tall = 22, left = 170, right = 90, width = 720;
  const scale = (ms) => left + (ms / total) * (width - left - right);
  const picture = svg('svg', { viewBox: `0 0 ${width} ${list.length * tall + 18}`, class: 'waterfall', role: 'img', 'aria-label': list.map((s) => `${s.name} ${duration(s.to - s.from)}`).join(', ') });
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    picture.append(svg('line', { class: 'grid', x1: scale(part * total), x2: scale(part * total), y1: 0, y2: list.length * tall }));
    picture.append(svg('text', { class: 'tick', x: scale(part * total), y: list.length * tall + 14 }, duration(part * total)));
  }
  list.forEach((s, i) => picture.append(
    svg('text', { class: 'name', x: left - 8, y: i * tall + 15 }, s.name),
    svg('rect', { 'data-kind': s.kind, x: scale(s.from), y: i * tall + 4, width: Math.max(1.5, scale(s.to) - scale(s.from)), height: tall - 9 }),
    svg('text', { class: 'length', x: Math.min(scale(s.to), width - right) + 6, y: i * tall + 15 }, duration(s.to - s.from))));
  return picture;
}

export function drawTiming(x) {
  const list = stretches(x), total = x.times_ms.ended || 1;
  const t = x.times_ms;
  return [
    el('div', { class: 'wide' }, waterfall(list, total)),
    pairs([['In all', duration(t.ended)], ['Queue and back-off', duration(t.queued)], ['siltgate itself', duration(t.own)], ['First event delivered after', t.first_event === undefined ? '' : duration(t.first_event)],
      ['Last byte in after', t.last_byte_in === undefined ? '' : duration(t.last_byte_in)], ['Longest silence inside the answer', t.longest_gap ? duration(t.longest_gap) : '']])];
}
