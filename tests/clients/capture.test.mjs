// SPDX-License-Identifier: Apache-2.0
// A recorded bad stream, replayed: opencode shows the same fault as with the provider, curl gets the same bytes and ending.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { story, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

const question = { model: 'main', stream: true, messages: [{ role: 'user', content: 'Say hi' }] };

/** One streamed question to siltgate; what came, though the stream may break. */
async function ask(baseUrl) {
  const reply = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-canary-0123456789' }, body: JSON.stringify(question),
  });
  const parts = [];
  try { for await (const part of reply.body) parts.push(part); } catch { /* cut off, as it is meant to be */ }
  return Buffer.concat(parts);
}

/** The record with its capture on disk: the writer is a thread of its own. */
async function recorded(gate) {
  for (let tries = 0; tries < 100; tries += 1) {
    const [record] = (await gate.exchanges()).reverse();
    if (record && (await gate.ask('show', record.id)).code === 0) return record;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error('no capture was written');
}

function curl(url) {
  return new Promise((resolve) => {
    execFile('curl', ['-sN', '--max-time', '20', url, '-d', '{}'], { encoding: 'buffer' }, (error, stdout) => resolve({ code: error ? error.code : 0, stdout }));
  });
}

describe('a recorded bad stream', { concurrency: 2 }, () => {
  for (const which of ['old', 'new']) {
    test(`replayed to opencode ${versions[which]} shows the same replacement character as the provider's own`, { timeout: 180_000 }, async (t) => {
      await withProvider({ title: null, answer: () => ({ text: story, fault: { kind: 'tornUtf8', after: 4 } }) }, async (provider) => {
        const direct = await runOpencode(which, provider.baseUrl, { timeout: 60_000 });
        assert.match(direct.text, /\ufffd/);
        await withSiltgate(provider.baseUrl, { top: { capture: { mode: 'all' }, validate: { utf8: 'flag', json: 'flag' } } }, async (gate) => {
          await ask(gate.baseUrl);
          const { id } = await recorded(gate);
          const before = provider.requests.length;
          await gate.replaying(id, async (baseUrl) => {
            const run = await runOpencode(which, baseUrl, { timeout: 60_000 });
            t.diagnostic(`exit ${run.code}, text: ${run.text}`);
            assert.equal(run.text, direct.text, run.log.slice(-3000));
            assert.equal(run.code, direct.code);
          });
          assert.equal(provider.requests.length, before, 'the provider was asked again');
        });
      });
    });
  }

  for (const [name, fault] of Object.entries({
    'ill-formed UTF-8': { kind: 'tornUtf8' }, 'a FIN inside a chunk': { kind: 'cut', how: 'fin', inside: true }, 'a reset': { kind: 'cut', how: 'rst' },
  })) {
    test(`with ${name}, replayed to curl, gives the recorded bytes and no clean end`, { timeout: 90_000 }, async () => {
      await withProvider({ title: null, answer: () => ({ text: story, fault: { after: 4, ...fault } }) }, async (provider) => {
        await withSiltgate(provider.baseUrl, {}, async (gate) => {
          const delivered = await ask(gate.baseUrl);
          const { id } = await recorded(gate);
          const received = await gate.raw(id);
          assert.ok(received.length > 0);
          const replayed = await gate.replaying(id, (baseUrl) => curl(`${baseUrl}/chat/completions`));
          assert.deepEqual(replayed.stdout, received);
          assert.notEqual(replayed.code, 0);
          assert.ok(received.subarray(0, 100).equals(delivered.subarray(0, 100)));
          assert.match((await gate.ask('why', id)).stdout, /What you can do/);
        });
      });
    });
  }

  test('explains itself after siltgate has ended', { timeout: 90_000 }, async () => {
    await withProvider({ title: null, answer: () => ({ text: story, fault: { kind: 'tornUtf8', after: 4 } }) }, async (provider) => {
      await withSiltgate(provider.baseUrl, {}, async (gate) => {
        await ask(gate.baseUrl);
        const { id } = await recorded(gate);
        const running = await gate.ask('why', id);
        await gate.end();
        const after = await gate.ask('why', id);
        assert.equal(after.code, 10);
        assert.equal(after.stdout, running.stdout);
        assert.match(after.stderr, /from the capture/);
        assert.doesNotMatch(JSON.stringify(await gate.ask('export', id, '--har')), /sk-canary/);
      });
    });
  });
});
