// SPDX-License-Identifier: Apache-2.0
// The stream of opencode's second turn breaks in the middle, once: the text that is shown must be whole and single.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { faultOnce, story, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

const breaks = {
  'its upstream connection ends with FIN at a chunk border': { kind: 'cut', how: 'fin' },
  'its upstream connection ends with FIN inside a chunk': { kind: 'cut', how: 'fin', inside: true },
  'its upstream connection ends with RST at a chunk border': { kind: 'cut', how: 'rst' },
  'its upstream connection ends with RST inside a chunk': { kind: 'cut', how: 'rst', inside: true },
  'an event holds ill-formed UTF-8': { kind: 'tornUtf8' },
};

describe('a stream that breaks once', { concurrency: 2 }, () => {
  for (const which of ['old', 'new']) {
    for (const [name, fault] of Object.entries(breaks)) {
      test(`opencode ${versions[which]} shows the right text when ${name}`, { timeout: 120_000 }, async (t) => {
        await withProvider(faultOnce(fault), async (provider) => {
          await withSiltgate(provider.baseUrl, {}, async (gate) => {
            const run = await runOpencode(which, gate.baseUrl, { timeout: 60_000 });
            t.diagnostic(`exit ${run.code}, ${run.ms} ms\n${provider.summary()}`);
            assert.equal(provider.requests.filter((request) => request.outcome === fault.kind).length, 1);
            assert.equal(run.text, story, run.log.slice(-3000));
            assert.equal(run.code, 0);
          });
        });
      });
    }
  }
});
