// SPDX-License-Identifier: Apache-2.0
// One exchange, opened: why it ended so, what was said, and the bytes where they were recorded.
import { $, el, say, mark } from './dom.js';
import { duration, plural, signs } from './format.js';
import { drawWhy, drawTiming } from './evidence.js';

const views = ['why', 'chat', 'events', 'hex', 'diff', 'timing'];
const names = { why: 'Why', chat: 'Chat', events: 'Events', hex: 'Hex', diff: 'Diff', timing: 'Timing' };
let shown;          // {x, view, event, attempt, state}
let turn = 0;       // answers of an earlier choice come too late
let go;

export function prepareExchange(navigate) {
  go = navigate;
  for (const view of views)
    $('tabs').append(el('button', { type: 'button', role: 'tab', id: `tab-${view}`, 'aria-controls': 'view', onclick: () => go(shown.x.id, view) }, names[view]));
  $('close').addEventListener('click', () => go(null));
}

export const isOpen = () => Boolean(shown);
export const nextView = (step) => go(shown.x.id, views[(views.indexOf(shown.view) + step + views.length) % views.length]);

export function closeExchange() {
  shown = undefined;
  ++turn;
  $('exchange').hidden = true;
  mark(document.body, 'data-open', false);
}

export function showExchange(x, view, state) {
  if (!views.includes(view)) view = 'why';
  const fresh = !shown || shown.x.id !== x.id;
  shown = { x, view, state, attempt: fresh ? 0 : shown.attempt, event: 0 };
  mark(document.body, 'data-open', true);
  const pane = $('exchange');
  pane.hidden = false;
  mark(pane, 'data-blame', x.verdict.blame);
  say($('exchange-title'), x.id);
  const sure = x.verdict.certainty === 'certain' ? '' : ` (${x.verdict.certainty})`;
  $('exchange-verdict').replaceChildren(el('span', { class: 'sign', 'aria-hidden': 'true' }, signs[x.verdict.blame]), ' ', el('strong', {}, x.verdict.blame + sure), `: ${x.verdict.summary}`);
  for (const tab of $('tabs').children) {
    const chosen = tab.id === `tab-${view}`;
    mark(tab, 'aria-selected', chosen ? 'true' : 'false');
    tab.tabIndex = chosen ? 0 : -1;
  }
  mark($('view'), 'aria-labelledby', `tab-${view}`);
  draw();
  if (fresh) pane.focus();
}

export const focusTab = () => $(`tab-${shown.view}`).focus();

async function draw() {
  const mine = ++turn;
  const { x, view } = shown;
  const page = view === 'why' ? drawWhy(x) : view === 'timing' ? drawTiming(x) : await fromCapture();
  if (mine !== turn) return;
  $('view').replaceChildren(...page);
  $('view').scrollTop = 0;
}

/// The capture's file is finished a moment after the exchange: one more try for one that has just ended.
async function ask(query, kind) {
  const path = `api/exchanges/${shown.x.id}/capture?${new URLSearchParams(query)}`;
  const justEnded = Date.now() - new Date(shown.x.started_at) - shown.x.times_ms.ended < 3000;
  for (let tries = justEnded ? 4 : 1; ; --tries) {
    const answer = await fetch(path);
    if (answer.ok) return kind === 'json' ? answer.json() : answer.text();
    if (answer.status !== 404 || tries <= 1) throw new Error(answer.status === 404 ? '' : (await answer.text()).trim());
    await new Promise((done) => setTimeout(done, 300));
  }
}

async function fromCapture() {
  const { x, view, event, attempt } = shown;
  const query = { view, ...(attempt && { attempt }), ...(view === 'hex' && event && { event }) };
  try {
    const overview = await ask({}, 'json');
    const content = await ask(query, view === 'hex' || view === 'diff' ? 'text' : 'json');
    const draws = { chat: drawChat, events: drawEvents, hex: drawText, diff: drawText };
    return [...aboutCapture(overview), ...draws[view](content, x)];
  } catch (error) {
    return error.message ? [el('p', {}, error.message)] : notRecorded();
  }
}

/// Says what is missing, and which attempt is shown where there were several with an answer.
function aboutCapture(overview) {
  const out = [];
  if (!overview.complete) out.push(el('p', { class: 'note' }, 'The recording is not complete: the disk did not keep up, the answer was over the bound of one capture, or siltgate ended.'));
  if (overview.masked) out.push(el('p', { class: 'note' }, `${plural(overview.masked, 'byte')} that looked like credentials are masked with *.`));
  if (overview.attempts.length < 2) return out;
  const choice = el('select', { 'aria-label': 'Attempt' }, ...overview.attempts.map((a) => el('option', { value: a.number }, `attempt ${a.number}: status ${a.status || '–'}, ${plural(a.bytes, 'byte')}, ${a.how || 'not finished'}`)));
  choice.value = shown.attempt || overview.attempts.at(-1).number;
  choice.addEventListener('change', () => ((shown.attempt = Number(choice.value)), draw()));
  out.push(el('p', {}, choice));
  return out;
}

function notRecorded() {
  const mode = shown.state?.capture_mode ?? 'off', folder = shown.state?.capture_folder;
  const why = {
    off: 'Captures are off.',
    rejected: 'Only exchanges that failed, or in which a check found something, are recorded; this one was sound. Older recordings make room for newer ones.',
    all: 'Every exchange is recorded, and this recording has made room for newer ones, or the exchange ended before captures were turned on.',
  }[mode] ?? '';
  const how = mode === 'all' ? [] : [
    el('p', {}, 'To record every exchange from now on, start siltgate with'), el('pre', {}, 'siltgate --capture all'),
    el('p', {}, 'or write into the configuration, and reload it:'), el('pre', {}, '"capture": { "mode": "all" }'),
    el('p', { class: 'quiet' }, folder ? `Recordings lie in ${folder}, readable by you alone, with credentials masked.` : 'Recordings need a state directory: set XDG_STATE_HOME or HOME, or StateDirectory= in the unit.')];
  return [el('p', { class: 'missing' }, el('strong', {}, 'No recording of this exchange. '), why), ...how];
}

function drawChat(chat) {
  const parts = chat.parts.map((part) => el('section', { class: 'said', 'data-kind': part.title.split(' ')[0] }, el('h3', {}, part.title), el('div', { class: 'words' }, part.text)));
  const end = chat.end ? `finished: ${chat.end}` : 'no finish reason came';
  const unread = chat.unread ? ` · ${chat.unread === 1 ? '1 event is' : `${chat.unread} events are`} no JSON and missing here; Events shows them` : '';
  if (!parts.length) parts.push(el('p', {}, 'Nothing readable was said.'));
  return [...parts, el('p', { class: 'quiet' }, end + unread)];
}

/// The part in which one sound chunk differs from the next.
function telling(event) {
  const at = event.text.indexOf('"delta":');
  return event.findings || at < 0 ? event.text : `… ${event.text.slice(at)}`;
}

function eventRow(event) {
  const number = event.number ? el('button', { type: 'button', class: 'small', title: 'Bytes of this event', onclick: () => showEvent(event.number) }, String(event.number)) : '–';
  return el('tr', { 'data-found': event.findings ? true : null }, el('td', { class: 'n' }, number), el('td', { class: 'n' }, event.ms.toFixed(1)), el('td', { class: 'n' }, String(event.offset)),
    el('td', { class: 'n' }, String(event.bytes)), el('td', { class: 'found' }, event.findings || '✓'), el('td', { class: 'data' }, event.kind ? el('em', {}, event.kind) : '', event.kind ? ' ' : '', telling(event)));
}

async function showEvent(number) {
  go(shown.x.id, 'hex');
  shown.event = number;
  await draw();
}

function drawEvents(content) {
  const head = ['Event', 'ms', 'Offset', 'Bytes', 'Checks', 'Data'].map((name, i) => el('th', { class: i < 4 ? 'n' : null }, name));
  const table = el('table', { class: 'events' }, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...content.events.map(eventRow)));
  const note = content.left_out ? [el('p', { class: 'note' }, `${plural(content.left_out, 'sound event')} more; siltgate show ${shown.x.id} --events lists all.`)] : [];
  return [...note, table];
}

function drawText(text, x) {
  const whole = shown.view === 'hex' && shown.event ? [el('p', {}, `Event ${shown.event}. `, el('button', { type: 'button', class: 'small', onclick: () => ((shown.event = 0), draw()) }, 'Around the fault'))] : [];
  const more = shown.view === 'hex' ? [el('p', { class: 'quiet' }, `All of it: siltgate show ${x.id} --raw`)] : [];
  return [...whole, el('pre', { class: 'dump' }, text), ...more];
}
