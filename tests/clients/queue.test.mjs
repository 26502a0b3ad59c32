// SPDX-License-Identifier: Apache-2.0
// Many streams at once through a small cap, with the openai SDK, which is told not to try again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

import { fetchWithin, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

const streams = 60;
const textFor = (n) => `Stream number ${n} says that the quick brown fox jumps over the lazy dog.`;
const numberOf = (request) => request.lastUserText.match(/\d+/)[0];

/** The texts of all streams asked for at once; a failed one is its error's text. */
function askAll(baseURL, count = streams) {
  const client = new OpenAI({ baseURL, apiKey: 'test-key', maxRetries: 0, fetch: fetchWithin(60_000) });
  return Promise.all(Array.from({ length: count }, async (_, n) => {
    let text = '';
    try {
      const stream = await client.chat.completions.create({ model: 'glm-4.7', stream: true, messages: [{ role: 'user', content: `Stream ${n}` }] });
      for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
      return text;
    } catch (error) {
      return String(error);
    }
  }));
}

const allTexts = Array.from({ length: streams }, (_, n) => textFor(n));
const answer = (request) => ({ text: textFor(numberOf(request)) });

test('of sixty streams at once never more than two are in flight at the provider and all give their own text', { timeout: 120_000 }, async (t) => {
  await withProvider({ cap: 2, answer }, async (provider) => {
    await withSiltgate(provider.baseUrl, { limits: { concurrency: 2 } }, async (gate) => {
      const started = Date.now();
      const texts = await askAll(gate.baseUrl);
      t.diagnostic(`${Date.now() - started} ms, peak ${provider.peak}, ${provider.refusals} refusals, ${provider.connectionCount()} upstream connections`);
      assert.deepEqual(texts, allTexts);
      assert.equal(provider.peak, 2);
      assert.equal(provider.refusals, 0);
      assert.equal(provider.requests.length, streams);
    });
  });
});

test('without siltgate most of sixty streams at once are refused', { timeout: 60_000 }, async (t) => {
  await withProvider({ cap: 2, answer }, async (provider) => {
    const texts = await askAll(provider.baseUrl);
    t.diagnostic(`${provider.refusals} refusals`);
    assert.ok(provider.refusals > streams / 2);
    assert.notDeepEqual(texts, allTexts);
  });
});

test('a cap set one too high costs time and no answer: refused requests are sent again', { timeout: 120_000 }, async (t) => {
  await withProvider({ cap: 1, answer }, async (provider) => {
    await withSiltgate(provider.baseUrl, { limits: { concurrency: 2 } }, async (gate) => {
      const started = Date.now();
      const texts = await askAll(gate.baseUrl, 6);
      t.diagnostic(`${Date.now() - started} ms, ${provider.refusals} refusals of ${provider.requests.length} requests`);
      assert.deepEqual(texts, allTexts.slice(0, 6));
      assert.ok(provider.refusals > 0);
    });
  });
});

test('a client that leaves while it waits or streams frees its place for the others', { timeout: 60_000 }, async () => {
  const fault = { kind: 'stall', after: 3 };
  await withProvider({ cap: 1, answer: (request) => ({ ...answer(request), fault: numberOf(request) === '0' ? fault : undefined }) }, async (provider) => {
    await withSiltgate(provider.baseUrl, {}, async (gate) => {
      const client = new OpenAI({ baseURL: gate.baseUrl, apiKey: 'test-key', maxRetries: 0, fetch: fetchWithin(20_000) });
      const ask = (n, signal) => client.chat.completions.create({ model: 'glm-4.7', stream: true, messages: [{ role: 'user', content: `Stream ${n}` }] }, { signal });
      const stalled = new AbortController();
      const stream = await ask(0, stalled.signal);
      await stream[Symbol.asyncIterator]().next();
      const waiting = new AbortController();
      const left = ask(1, waiting.signal).catch((error) => error.name);
      const next = ask(2);
      waiting.abort();
      stalled.abort();
      assert.equal(await left, 'Error', 'the waiting request was given up');
      let text = '';
      for await (const chunk of await next) text += chunk.choices[0]?.delta?.content ?? '';
      assert.equal(text, textFor(2));
      assert.equal(provider.refusals, 0);
    });
  });
});
