// SPDX-License-Identifier: Apache-2.0
// Answers that make opencode ask again at once, for ever, when they reach it as they are: through siltgate they must not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { versions } from './support/opencode.mjs';
import { countRequests, everyStream, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

const watched = 40_000;
/** 1.1 sends two title requests and a main one, and asks each again after 2, 4, 8, 16 s whatever it is told: 3 × 5. */
const most = { old: 15, new: 8 };

describe('an upstream that is broken every time', { concurrency: 3 }, () => {
  for (const which of ['new', 'old']) {
    for (const [fault, answer] of Object.entries(everyStream)) {
      test(`opencode ${versions[which]} causes at most ${most[which]} upstream requests in 40 s when every stream ${fault}`, { timeout: 90_000 }, async (t) => {
        await withProvider({ title: null, answer }, async (provider) => {
          await withSiltgate(provider.baseUrl, {}, async (gate) => {
            const { requests, run } = await countRequests(provider, which, gate.baseUrl, { timeout: watched });
            t.diagnostic(`${requests} requests (${provider.of('title').length} for titles) in ${run.ms} ms, exit ${run.code}, timed out: ${run.timedOut}\n${provider.summary()}`);
            assert.ok(requests <= most[which], `${requests} requests`);
            assert.ok(requests > 0, 'no request came through');
          });
        });
      });
    }
  }
});
