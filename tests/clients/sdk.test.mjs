// SPDX-License-Identifier: Apache-2.0
// The openai and anthropic SDKs through siltgate: sound answers arrive as they are, damaged ones raise an error.
import Anthropic from '@anthropic-ai/sdk';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

import { fetchWithin, story, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

const messages = [{ role: 'user', content: 'Tell a story' }];
const reasoning = 'Let me think about foxes.';
const openai = (baseURL) => new OpenAI({ baseURL, apiKey: 'test-key', maxRetries: 0, fetch: fetchWithin(20_000) });

/** { text, reasoning, finish, error } of a streamed chat completion, whatever became of it. */
async function readChat(baseURL) {
  const read = { text: '', reasoning: '', finish: undefined, error: undefined };
  try {
    for await (const chunk of await openai(baseURL).chat.completions.create({ model: 'glm-4.7', stream: true, messages })) {
      read.text += chunk.choices[0]?.delta?.content ?? '';
      read.reasoning += chunk.choices[0]?.delta?.reasoning_content ?? '';
      read.finish = chunk.choices[0]?.finish_reason ?? read.finish;
    }
  } catch (error) {
    read.error = error;
  }
  return read;
}

/** Runs `body(gate, provider)` through siltgate with a provider that always gives `answer`. */
const through = (answer, body, config = {}) => withProvider({ answer: () => answer }, (provider) =>
  withSiltgate(provider.baseUrl, config, (gate) => body(gate, provider)));

test('the openai SDK reads the same streamed text and reasoning as the provider sent', { timeout: 60_000 }, async () => {
  await through({ text: story, reasoning }, async (gate) => {
    assert.deepEqual(await readChat(gate.baseUrl), { text: story, reasoning, finish: 'stop', error: undefined });
  });
});

test('the openai SDK reads a whole JSON answer', { timeout: 60_000 }, async () => {
  await through({ text: story }, async (gate) => {
    const { data, response } = await openai(gate.baseUrl).chat.completions.create({ model: 'glm-4.7', messages }).withResponse();
    assert.equal(data.choices[0].message.content, story);
    assert.equal(data.usage.total_tokens, 18);
    assert.ok(response.headers.get('siltgate-id'));
  });
});

test('the openai SDK reads the finish reason "sensitive" as content_filter', { timeout: 60_000 }, async () => {
  await through({ text: story, finish: 'sensitive' }, async (gate) => {
    assert.deepEqual(await readChat(gate.baseUrl), { text: story, reasoning: '', finish: 'content_filter', error: undefined });
  });
});

const damages = {
  'holds ill-formed UTF-8': { fault: { kind: 'tornUtf8', after: 4 } },
  'ends without a finish reason': { fault: { kind: 'truncate', after: 4 } },
  'is reset at a chunk border': { fault: { kind: 'cut', how: 'rst', after: 4 } },
  'is cut inside a chunk': { fault: { kind: 'cut', how: 'fin', inside: true, after: 4 } },
  'ends with the finish reason "network_error"': { finish: 'network_error' },
  'holds an error event': { fault: { kind: 'streamError', after: 4, code: '500', message: 'internal error' } },
};

for (const [damage, how] of Object.entries(damages)) {
  test(`the openai SDK raises an error when a stream ${damage}, after the sound beginning`, { timeout: 60_000 }, async (t) => {
    await through({ text: story, ...how }, async (gate, provider) => {
      const { text, error, finish } = await readChat(gate.baseUrl);
      t.diagnostic(String(error));
      assert.ok(error, `no error, text: ${text}`);
      assert.ok(story.startsWith(text) && text.length > 0, text);
      assert.equal(finish, undefined);
      assert.equal(provider.requests.length, 1, 'no request is repeated after the first delivered event');
    });
  });
}

for (const damage of ['holds ill-formed UTF-8', 'ends without a finish reason']) {
  test(`without siltgate the openai SDK says nothing when a stream ${damage}`, { timeout: 60_000 }, async () => {
    await withProvider({ answer: () => ({ text: story, ...damages[damage] }) }, async (provider) => {
      const { text, error } = await readChat(provider.baseUrl);
      assert.equal(error, undefined);
      assert.notEqual(text, story);
    });
  });
}

test('the openai SDK raises an error when a stream is silent for longer than the idle timeout', { timeout: 60_000 }, async (t) => {
  await through({ text: story, fault: { kind: 'stall', after: 4 } }, async (gate) => {
    const started = Date.now();
    const { text, error } = await readChat(gate.baseUrl);
    t.diagnostic(`${error}, ${Date.now() - started} ms`);
    assert.ok(error);
    assert.equal(text, 'The quick brown fox ');
    assert.ok(Date.now() - started < 15_000);
  }, { provider: { timeouts: { idle: '2s' } } });
});

test('with delivery "whole" the openai SDK sees nothing of a stream that was cut once', { timeout: 60_000 }, async () => {
  const answer = (request) => ({ text: story, fault: request.nth === 1 ? { kind: 'cut', how: 'rst', after: 4 } : undefined });
  await withProvider({ answer }, (provider) => withSiltgate(provider.baseUrl, { provider: { delivery: 'whole' } }, async (gate) => {
    assert.deepEqual(await readChat(gate.baseUrl), { text: story, reasoning: '', finish: 'stop', error: undefined });
    assert.equal(provider.requests.length, 2);
  }));
});

test('an HTML page with status 200 is an error for the openai SDK and not an empty answer', { timeout: 60_000 }, async () => {
  await through({ fault: { kind: 'html' } }, async (gate) => {
    const { error } = await readChat(gate.baseUrl);
    assert.equal(error?.status, 502, String(error));
  }, { provider: { retry: { attempts: 2, max_wait: '2s' } } });
});

test('a refusal for the account reaches the openai SDK with the status and body of the provider', { timeout: 60_000 }, async () => {
  const body = '{"error":{"code":"1113","message":"Insufficient balance"}}';
  await through({ fault: { kind: 'status', status: 429, body } }, async (gate, provider) => {
    const { error } = await readChat(gate.baseUrl);
    assert.equal(error?.status, 429, String(error));
    assert.deepEqual(error.error, JSON.parse(body).error);
    assert.equal(provider.requests.length, 1);
  });
});

test('the openai SDK reads a streamed response of /v1/responses', { timeout: 60_000 }, async () => {
  await through({ text: story }, async (gate) => {
    let text = '';
    let status;
    for await (const event of await openai(gate.baseUrl).responses.create({ model: 'glm-4.7', stream: true, input: 'Tell a story' })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.completed') status = event.response.status;
    }
    assert.deepEqual({ text, status }, { text: story, status: 'completed' });
  });
});

test('the openai SDK reads a whole response of /v1/responses', { timeout: 60_000 }, async () => {
  await through({ text: story }, async (gate) => {
    assert.equal((await openai(gate.baseUrl).responses.create({ model: 'glm-4.7', input: 'Tell a story' })).output_text, story);
  });
});

const anthropic = (baseURL) => new Anthropic({ baseURL, apiKey: 'test-key', maxRetries: 0, fetch: fetchWithin(20_000) });
const messageRequest = { model: 'glm-4.7', max_tokens: 100, messages };

test('the anthropic SDK reads a streamed message of /v1/messages and its own headers arrive upstream', { timeout: 60_000 }, async () => {
  await through({ text: story }, async (gate, provider) => {
    const message = await anthropic(gate.origin).messages.stream(messageRequest, { headers: { 'anthropic-beta': 'test-2026' } }).finalMessage();
    assert.equal(message.content[0].text, story);
    assert.equal(message.stop_reason, 'end_turn');
    const { headers } = provider.requests[0];
    assert.equal(headers['anthropic-beta'], 'test-2026');
    assert.ok(headers['anthropic-version']);
    assert.equal(headers.authorization, 'Bearer test-key');
  });
});

test('the anthropic SDK reads a whole message of /v1/messages', { timeout: 60_000 }, async () => {
  await through({ text: story }, async (gate) => {
    assert.equal((await anthropic(gate.origin).messages.create(messageRequest)).content[0].text, story);
  });
});

test('the anthropic SDK raises an error when a streamed message is truncated', { timeout: 60_000 }, async (t) => {
  await through({ text: story, fault: { kind: 'truncate', after: 6 } }, async (gate) => {
    await assert.rejects(anthropic(gate.origin).messages.stream(messageRequest).finalMessage(), (error) => {
      t.diagnostic(String(error));
      return error instanceof Anthropic.AnthropicError;
    });
  });
});
