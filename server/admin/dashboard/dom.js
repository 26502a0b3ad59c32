// SPDX-License-Identifier: Apache-2.0
// Elements out of data. Text enters the page through here alone, and always as text: nothing of a model's output is ever markup.

export const $ = (id) => document.getElementById(id);

/// el('td', {class: 'n', onclick: f}, 'text', otherElement)
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

/// Sets text only where it changed, so that a selection or a screen reader is not disturbed.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function mark(node, name, value) {
  if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? '' : value);
}

/// Makes the children of `parent` those of `items`, in order, and keeps the element of an item that stays: focus and a
/// half-made click survive the next update.
export function keep(parent, items, key, make, update) {
  const known = parent.kept ?? (parent.kept = new Map());
  const wanted = new Set(items.map(key));
  for (const [name, node] of known) {
    if (wanted.has(name)) continue;
    node.remove();
    known.delete(name);
  }
  let at = parent.firstElementChild;
  for (const item of items) {
    let node = known.get(key(item));
    if (!node) known.set(key(item), (node = make(item)));
    update(node, item);
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

let toastTimer;
export function toast(text) {
  say($('toast'), text);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => say($('toast'), ''), 8000);
}

const token = document.querySelector('meta[name=siltgate-token]').content;

/// False and a message on the page when it was refused.
export async function post(path, body) {
  try {
    const answer = await fetch(path, { method: 'POST', headers: { 'siltgate-token': token, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
    if (answer.ok) return true;
    toast((await answer.text()).trim());
  } catch {
    toast('siltgate does not answer.');
  }
  return false;
}
