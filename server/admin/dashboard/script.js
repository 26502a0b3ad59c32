// SPDX-License-Identifier: Apache-2.0
// The dashboard: follows api/events and draws what came. The parts are drawn by the other files.
import { $, el, say, mark, post, toast } from './dom.js';
import { ago, duration, isTrouble, keyName, plural, sharedNotice, signs } from './format.js';
import { drawCharts } from './charts.js';
import { drawState, prepareCap } from './limits.js';
import { drawHistory, focusRow, focusSearch, prepareHistory, walk } from './history.js';
import { closeExchange, focusTab, isOpen, nextView, prepareExchange, showExchange } from './exchange.js';

const most = 500, troubleFor = 15 * 60e3;
let exchanges = [];      // newest first
let state;
let stale = { state: false, history: false };

// ---- what is opened stands in the address: #sg_…/hex, so that it can be linked and the back button works

const place = () => location.hash.slice(1).split('/');
const open = (id, view = 'why') => {
  if (id) location.hash = `${id}/${view}`;
  else history.pushState(null, '', location.pathname);
  follow();
};

let followed;
function follow() {
  followed = location.hash;
  const [id, view] = place();
  const x = exchanges.find((each) => each.id === id);
  if (x) showExchange(x, view, state);
  else if (isOpen()) closeExchange();
  stale.history = true;
  draw();
}

// ---- drawing, at most once a frame

function draw() {
  if (draw.asked) return;
  draw.asked = requestAnimationFrame(() => {
    draw.asked = undefined;
    if (stale.state && state) {
      drawHead();
      drawState(state);
    }
    if (stale.history) {
      drawHistory(exchanges, place()[0]);
      drawCharts(exchanges, open);
    }
    drawBanner();
    stale = { state: false, history: false };
  });
}

function drawHead() {
  say($('about'), `${state.version} · ${state.listen.join(', ')} · up ${duration(state.uptime_ms)}`);
  const notices = [];
  if (state.draining) notices.push('Draining: no new work is taken.');
  if (state.last_reload_error) notices.push(`The last reload was refused: ${state.last_reload_error}`);
  if (state.capture_stopped) notices.push(state.capture_stopped);
  if (sharedNotice(state.shared)) notices.push(sharedNotice(state.shared));
  const held = state.keys.some((key) => key.held_ms);
  if (state.bottleneck && !(held && state.bottleneck.endsWith('(held)'))) notices.push(state.bottleneck);
  for (const key of state.keys) if (key.held_ms) notices.push(`${keyName(key)} ${key.model} is held for ${duration(key.held_ms)}: ${key.held_reason}`);
  const list = $('notices');
  if (list.said === notices.join('\n')) return;
  list.said = notices.join('\n');
  list.replaceChildren(...notices.map((text) => el('li', {}, text)));
}

/// Who broke the last exchange that went wrong lately.
function drawBanner() {
  const bad = exchanges.find((x) => isTrouble(x));
  const fresh = bad && Date.now() - new Date(bad.started_at) - bad.times_ms.ended < troubleFor;
  const banner = $('banner');
  const blame = fresh ? bad.verdict.blame : 'intact';
  const since = fresh ? exchanges.indexOf(bad) : 0;
  const text = fresh ? `${bad.id} ${ago(bad.started_at)} ${since}` : `well ${exchanges.length > 0} ${bad?.id}`;
  if (banner.said === text || !state) return;
  banner.said = text;
  mark(banner, 'data-blame', blame);
  const sure = fresh && bad.verdict.certainty !== 'certain' ? ` (${bad.verdict.certainty})` : '';
  const after = since ? `, ${plural(since, 'exchange')} since` : '';
  banner.replaceChildren(el('p', {}, el('span', { class: 'sign', 'aria-hidden': 'true' }, signs[blame]), ' ', ...(fresh
    ? [el('strong', {}, blame + sure), `: ${bad.verdict.summary} `, el('span', { class: 'quiet' }, `${ago(bad.started_at)}${after} `), el('a', { href: `#${bad.id}/why` }, 'Why')]
    : [el('strong', {}, 'All well. '), bad ? `Nothing went wrong in the last 15 minutes; before, ${ago(bad.started_at)}: ` : exchanges.length ? 'Nothing went wrong so far.' : 'Nothing has happened yet.',
       ...(bad ? [el('a', { href: `#${bad.id}/why` }, bad.verdict.blame)] : [])])));
}

// ---- news

function took(x) {
  if (exchanges.some((each) => each.id === x.id)) return;
  exchanges.unshift(x);
  if (exchanges.length > most) exchanges.pop();
  stale.history = true;
  if (place()[0] === x.id && !isOpen()) follow();
  draw();
}

function listen() {
  const source = new EventSource(`api/events?state=1&limit=${most}`);
  const shown = (word, text) => (mark($('link'), 'data-state', word), say($('link'), text));
  source.addEventListener('open', () => shown('on', 'live'));
  source.addEventListener('error', () => shown('off', 'not connected'));
  source.addEventListener('exchange', (event) => took(JSON.parse(event.data)));
  source.addEventListener('state', (event) => {
    const next = JSON.parse(event.data);
    if (state && state.started_at !== next.started_at) return location.reload();  // another process: another token, another history
    const first = !state;
    state = next;
    stale.state = true;
    if (first) follow();
    draw();
  });
}

// ---- keys

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $('cap').open) return;
  const typing = event.target.matches('input, select, textarea');
  if (event.key === 'Escape') {
    if (isOpen()) {
      const [id] = place();
      open(null);
      focusRow(id);
    } else if (typing) event.target.blur();
    return;
  }
  if (typing) return;
  const acts = { ArrowDown: () => walk(1), j: () => walk(1), ArrowUp: () => walk(-1), k: () => walk(-1), '/': focusSearch, '?': help };
  const tabs = { ArrowRight: () => (nextView(1), focusTab()), ArrowLeft: () => (nextView(-1), focusTab()) };
  const inPane = $('exchange').contains(event.target);
  const act = isOpen() && tabs[event.key] ? tabs[event.key] : inPane && event.key.startsWith('Arrow') ? undefined : acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function help() {
  const box = $('key-help');
  box.hidden = !box.hidden;
  mark($('keys'), 'aria-expanded', String(!box.hidden));
}

prepareCap();
prepareExchange(open);
prepareHistory(open, () => ((stale.history = true), draw()));
$('keys').addEventListener('click', help);
$('reload').addEventListener('click', async () => (await post('api/reload')) && toast('The configuration was read again.'));
document.addEventListener('keydown', pressed);
const moved = () => location.hash === followed || follow();   // open() has been there already
addEventListener('hashchange', moved);
addEventListener('popstate', moved);
setInterval(draw, 1000);
listen();
