// SPDX-License-Identifier: Apache-2.0
// siltgate before its demo provider, and its dashboard in a real Chromium. Every page is watched: a script error, a violation of
// the content security policy or a dialog fails the test that caused it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { chromium } from 'playwright-core';

import { withSiltgate } from '../../clients/support/siltgate.mjs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
                '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

export function startBrowser() {
  const executablePath = process.env.CHROMIUM ?? places.find((place) => existsSync(place));
  if (!executablePath) throw new Error(`no Chromium at ${places.join(', ')}: install it or set CHROMIUM`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
                                                  '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
}

/** { gate, page, ask } for `body`; `config` as withSiltgate() takes it, `view` as a browser context does. */
export async function withDashboard(browser, { config = {}, view = {} }, body) {
  const demo = { base_url: 'demo:', limits: { concurrency: 1, per: 'key', ...config.limits } };
  const recorded = { top: { capture: { mode: 'all' }, providers: { demo }, default_provider: 'demo', ...config.top } };
  await withSiltgate('demo:', recorded, async (gate) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...view });
    const page = await context.newPage();
    const trouble = watch(page);
    try {
      await page.addInitScript(() => {
        window.violations = [];
        document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
      });
      await page.goto(`${gate.origin}/-/`);
      await page.waitForSelector('#link[data-state=on]');
      await body({ gate, page, ask: (request, options) => ask(gate, request, options) });
      assert.deepEqual(await page.evaluate(() => window.violations), []);
      assert.deepEqual(trouble, []);
    } finally {
      await context.close();
    }
  });
}

function watch(page) {
  const trouble = [];
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('dialog', (dialog) => (trouble.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('console', (message) => message.type() === 'error' && !expected.test(message.text()) && trouble.push(message.text()));
  page.on('request', (request) => request.url().startsWith(new URL(page.url()).origin) || request.url().startsWith('data:') || page.url() === 'about:blank' ||
    trouble.push(`a request elsewhere: ${request.url()}`));
  return trouble;
}
// What the browser itself logs of answers that are no 200, e.g. 404 while a recording is being finished, and of the markup that a test
// tries to make; violations are collected apart.
const expected = /^Failed to load resource: the server responded with a status of (403|404|409)|^This document requires 'TrustedHTML'/;

/**
 * One streamed chat with the demo provider: { id, status, text, clean, done }. `pace` in ms between events. With `wait: false` it
 * returns when the head is there (or the request waits), and `done` settles at the end.
 */
async function ask(gate, { model = 'demo/echo', prompt = 'Hello', pace = 0, client = 'browser-test/1.0', session = 'ses_browser' } = {}, { wait = true } = {}) {
  const body = JSON.stringify({ model, stream: true, demo_pace_ms: pace, messages: [{ role: 'user', content: prompt }] });
  const headers = { 'Content-Type': 'application/json', 'User-Agent': client, 'x-session-id': session, Authorization: 'Bearer demo-key-of-the-tests' };
  // Not fetch(): it takes the end of a connection for the end of an answer when "Connection: close" was said.
  const done = new Promise((resolve, reject) => {
    const out = { text: '', clean: false };
    const request = http.request(`${gate.baseUrl}/chat/completions`, { method: 'POST', headers }, (answer) => {
      Object.assign(out, { id: answer.headers['siltgate-id'], status: answer.statusCode });
      answer.setEncoding('utf8').on('data', (part) => { out.text += part; });
      answer.on('close', () => resolve({ ...out, clean: answer.complete })).on('error', () => {});
    });
    request.on('error', reject);
    request.end(body);
  });
  return wait ? done : { done };
}

export const rows = (page, table) => page.locator(`#${table} tbody tr`);

/** Retries a check of the page, which follows siltgate within a quarter of a second. */
export async function eventually(check, within = 8000) {
  for (const until = Date.now() + within; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
