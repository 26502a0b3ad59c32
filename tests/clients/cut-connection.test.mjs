// SPDX-License-Identifier: Apache-2.0
// The upstream connection of opencode's second turn is lost in the middle of the stream: the shown text must be whole and single.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { cutOnce, story, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

describe('a lost upstream connection', { concurrency: 2 }, () => {
  for (const which of ['old', 'new']) {
    for (const how of ['fin', 'rst']) {
      for (const inside of [false, true]) {
        const place = inside ? 'inside a chunk' : 'at a chunk border';
        test(`opencode ${versions[which]} shows the right text when its upstream connection ends with ${how} ${place}`, { timeout: 120_000 }, async (t) => {
          await withProvider(cutOnce({ how, inside }), async (provider) => {
            await withSiltgate(provider.baseUrl, { limits: { concurrency: 2 } }, async (gate) => {
              const run = await runOpencode(which, gate.baseUrl, { timeout: 60_000 });
              t.diagnostic(`exit ${run.code}, ${run.ms} ms\n${provider.summary()}`);
              assert.equal(provider.requests.filter((request) => request.outcome === 'cut').length, 1);
              assert.equal(run.text, story, run.log.slice(-3000));
              assert.equal(run.code, 0);
            });
          });
        });
      }
    }
  }
});
