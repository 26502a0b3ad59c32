// SPDX-License-Identifier: Apache-2.0
// A prompt of the real opencode through siltgate, against a provider that takes one request at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { slowTitle, story, threeSubagents, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

/** No request was refused, none overlapped another. */
function assertNoneRefused(provider) {
  assert.equal(provider.refusals, 0);
  assert.equal(provider.peak, 1);
}

for (const which of ['old', 'new']) {
  test(`opencode ${versions[which]} says hi through siltgate and a provider of cap 1 refuses nothing`, { timeout: 120_000 }, async (t) => {
    await withProvider({ cap: 1, title: slowTitle }, async (provider) => {
      await withSiltgate(provider.baseUrl, {}, async (gate) => {
        const run = await runOpencode(which, gate.baseUrl, { timeout: 60_000 });
        t.diagnostic(`exit ${run.code}, ${run.ms} ms\n${provider.summary()}`);
        assert.equal(run.text, 'Hi there.', run.log.slice(-3000));
        assert.equal(run.code, 0);
        assert.doesNotMatch(run.log, /1302|\b429\b/);
        assertNoneRefused(provider);
      });
    });
  });

  test(`the main request of opencode ${versions[which]} and its three subagents finish on a provider of cap 1, the main one before waiting titles`, { timeout: 120_000 }, async (t) => {
    await withProvider({ cap: 1, title: slowTitle, answer: threeSubagents }, async (provider) => {
      await withSiltgate(provider.baseUrl, {}, async (gate) => {
        const run = await runOpencode(which, gate.baseUrl, { timeout: 90_000 });
        t.diagnostic(`exit ${run.code}, ${run.ms} ms\n${provider.summary()}`);
        assert.equal(run.text, story, run.log.slice(-3000));
        assert.equal(run.code, 0);
        assertNoneRefused(provider);
        const subtasks = provider.of('subagent').map((request) => request.lastUserText.match(/SUBTASK \d/)[0]);
        assert.deepEqual(new Set(subtasks), new Set(['SUBTASK 1', 'SUBTASK 2', 'SUBTASK 3']));
        const titlesBeforeMain = provider.requests.findIndex((request) => request.kind === 'main');
        assert.ok(titlesBeforeMain <= 1, 'only the title that came when nothing waited may go first');
      });
    });
  });
}

test('siltgate log calls every exchange of a plain run intact', { timeout: 120_000 }, async () => {
  await withProvider({}, async (provider) => {
    await withSiltgate(provider.baseUrl, {}, async (gate) => {
      await runOpencode('new', gate.baseUrl, { timeout: 60_000 });
      const exchanges = await gate.exchanges();
      assert.equal(exchanges.length, provider.requests.length);
      assert.deepEqual([...new Set(exchanges.map((exchange) => exchange.verdict.blame))], ['intact'], JSON.stringify(exchanges, null, 1));
      assert.equal((await gate.ask('why', 'last')).code, 0);
    });
  });
});
