// SPDX-License-Identifier: Apache-2.0
// Keys with their caps, exchanges under way, exchanges that wait.
import { $, el, say, mark, keep, post, toast } from './dom.js';
import { count, duration, plural, rate, keyName, shortId, shortClient } from './format.js';

const words = {
  capFrom: { profile: 'default', settings: 'configured', automatic: 'auto', operator: 'set by you' },
  bottleneck: { cap: 'waits for the cap', held: 'held', damage: 'held after damage', start_interval: 'start interval', requests: 'requests per minute',
                tokens: 'tokens per minute', wider: 'a wider limit' },
};

const cells = (row) => row.children;
const row = (classes) => el('tr', {}, ...classes.map((name) => el('td', { class: name })));

let capOf;
export function prepareCap() {
  const done = (ok, text) => ok && ($('cap').close(), toast(text));
  const send = async (cap) => done(await post('api/cap', { provider: capOf.provider, key: capOf.key, model: capOf.model, cap }),
    cap ? `The cap of ${keyName(capOf)} is ${cap} until the next reload.` : `The cap of ${keyName(capOf)} is as configured again.`);
  const set = () => ($('cap-number').reportValidity() && $('cap-number').value ? send(Number($('cap-number').value)) : undefined);
  $('cap-set').addEventListener('click', set);
  $('cap-number').addEventListener('keydown', (event) => event.key === 'Enter' && set());
  $('cap-reset').addEventListener('click', () => send(0));
  $('cap-close').addEventListener('click', () => $('cap').close());
}

function askCap(key) {
  capOf = key;
  say($('cap-title'), `Cap of ${keyName(key)}${key.model ? ` ${key.model}` : ''}`);
  $('cap-number').value = key.cap || 1;
  $('cap').showModal();
  $('cap-number').select();
}

function makeKey() {
  const node = row(['name', 'model', 'slots', 'cap', 'n waiting', 'n oldest', 'state', 'n refused', 'n damaged', 'n ttft', 'n rate']);
  cells(node)[2].append(el('span', { class: 'squares', 'aria-hidden': 'true' }), ' ', el('span'));
  cells(node)[3].append(el('span'), ' ', el('button', { type: 'button', class: 'small', onclick: () => askCap(node.item) }, 'Change'));
  return node;
}

function stateOf(k) {
  if (k.held_ms) return ['held', `held for ${duration(k.held_ms)}: ${k.held_reason}`];
  if (k.waiting && k.bottleneck) return ['tight', words.bottleneck[k.bottleneck] ?? k.bottleneck];
  return k.in_flight ? ['busy', 'busy'] : ['free', 'free'];
}

function updateKey(node, k) {
  node.item = k;
  const c = cells(node);
  say(c[0], keyName(k));
  say(c[1], k.model || '–');
  const most = Math.min(Math.max(k.cap, k.in_flight), 12);
  say(c[2].children[0], '■'.repeat(Math.min(k.in_flight, most)) + '□'.repeat(Math.max(0, most - k.in_flight)));
  say(c[2].children[1], k.cap ? `${k.in_flight} of ${k.cap}` : String(k.in_flight));
  say(c[3].children[0], k.cap ? words.capFrom[k.cap_from] ?? '' : 'none');
  mark(c[3].children[0], 'class', k.automatic ? 'tag auto' : k.cap_from === 'operator' ? 'tag operator' : 'quiet');
  mark(c[3].children[1], 'aria-label', `Change the cap of ${keyName(k)} ${k.model}`);
  say(c[4], String(k.waiting));
  mark(c[4], 'data-some', k.waiting > 0);
  say(c[5], k.waiting ? duration(k.oldest_wait_ms) : '–');
  const [state, text] = stateOf(k);
  mark(c[6], 'data-state', state);
  say(c[6], text);
  say(c[7], count(k.refusals));
  say(c[8], count(k.damaged));
  mark(c[8], 'data-some', k.damaged > 0);
  say(c[9], k.ttft_p50_ms === null ? '–' : `${duration(k.ttft_p50_ms)} / ${duration(k.ttft_p95_ms)}`);
  say(c[10], rate(k.tokens_per_second));
}

/// Asks once more before it cuts: the button itself is the question.
export function cancelButton(id) {
  let sure;
  const button = el('button', { type: 'button', class: 'small cancel', 'aria-label': `Cancel ${id}` }, 'Cancel');
  const calm = () => (say(button, 'Cancel'), mark(button, 'data-sure', false), (sure = undefined));
  button.addEventListener('click', async (event) => {
    event.stopPropagation();
    if (!sure) {
      say(button, 'Really?');
      mark(button, 'data-sure', true);
      sure = setTimeout(calm, 4000);
      return;
    }
    clearTimeout(sure);
    calm();
    if (await post(`api/exchanges/${id}/cancel`)) toast(`${id} was cancelled.`);
  });
  return button;
}

function makeLive(x) {
  const node = row(['id', 'model', 'client', 'phase', 'n age', 'n ttft', 'n events', 'n rate', 'n silent', 'tcp', 'do']);
  cells(node)[10].append(cancelButton(x.id));
  return node;
}

/// Quiet for long is what people look for here.
const silence = (x) => (x.phase !== 'relay_body' && x.phase !== 'read_head' ? null : x.silence_ms > 30e3 ? 'long' : x.silence_ms > 5e3 ? 'some' : null);

/// While bytes come the path is no question; in a silence it is the question.
const pathText = (x) => (!x.path_words ? 'not known' : x.path === 'alive' && x.silence_ms < 3e3 ? 'alive' : x.path_words);

function updateLive(node, x) {
  const c = cells(node);
  const tries = x.attempts > 1 ? `, try ${x.attempts}` : '';
  const texts = [shortId(x.id), x.model || '–', shortClient(x.client), x.phase.replace('_', ' ') + tries, duration(x.age_ms), duration(x.ttft_ms), count(x.events),
                 rate(x.events_per_second), duration(x.silence_ms), pathText(x)];
  texts.forEach((text, i) => say(c[i], text));
  mark(c[8], 'data-silent', silence(x));
  mark(c[9], 'data-path', x.path ?? 'unknown');
  mark(c[9], 'title', x.tcp ? `TCP: round trip ${duration(x.tcp.round_trip_ms)}, ${plural(x.tcp.unacknowledged, 'segment')} not acknowledged, ` +
    `${plural(x.tcp.retransmits, 'retransmit')}, ${plural(x.tcp.unanswered_probes, 'unanswered probe')}` : null);
}

function makeWaiting(x) {
  const node = row(['n place', 'id', 'key', 'model', 'class', 'session', 'n waited', 'do']);
  cells(node)[7].append(cancelButton(x.id));
  return node;
}

function updateWaiting(node, x) {
  const texts = [`${x.position}.`, shortId(x.id), keyName(x), x.model || '–', x.class, x.session.slice(0, 20) || '–', duration(x.waited_ms)];
  texts.forEach((text, i) => say(cells(node)[i], text));
}

export function drawState(state) {
  keep($('limits').tBodies[0], state.keys, (k) => JSON.stringify([k.provider, k.key, k.model]), makeKey, updateKey);
  keep($('live').tBodies[0], state.live, (x) => x.id, makeLive, updateLive);
  keep($('waiting').tBodies[0], state.waiting, (x) => x.id, makeWaiting, updateWaiting);
  for (const [name, some] of [['limits', state.keys.length], ['live', state.live.length]]) {
    $(name).hidden = !some;
    $(`${name}-empty`).hidden = some > 0;
  }
  $('waiting-part').hidden = !state.waiting.length;
  say($('live-count'), state.live.length ? String(state.live.length) : '');
  say($('waiting-count'), state.waiting.length ? String(state.waiting.length) : '');
}
