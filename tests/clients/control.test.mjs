// SPDX-License-Identifier: Apache-2.0
// Without siltgate the faults show: these runs prove that the other tests can fail. They need no siltgate.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { countRequests, cutOnce, everyStream, slowTitle, story, threeSubagents, withProvider } from './support/scenes.mjs';

for (const how of ['fin', 'rst']) {
  test(`without siltgate, opencode 1.1.34 splices the answer when a reused connection ends with ${how} at a chunk border`, { timeout: 90_000 }, async (t) => {
    await withProvider(cutOnce({ how, inside: false }), async (provider) => {
      const run = await runOpencode('old', provider.baseUrl, { timeout: 60_000 });
      t.diagnostic(`exit ${run.code}, text: ${run.text}\n${provider.summary()}`);
      assert.notEqual(run.text, story);
      assert.match(run.text, /^The quick brown fox The quick brown fox/);
    });
  });

  test(`without siltgate, opencode 1.1.34 fails to parse when a reused connection ends with ${how} inside a chunk`, { timeout: 90_000 }, async (t) => {
    await withProvider(cutOnce({ how, inside: true }), async (provider) => {
      const run = await runOpencode('old', provider.baseUrl, { timeout: 60_000 });
      t.diagnostic(`exit ${run.code}, text: ${run.text}\n${provider.summary()}`);
      assert.notEqual(run.text, story);
      assert.match(run.log, /JSON parsing failed/);
    });
  });
}

for (const which of ['old', 'new']) {
  for (const [fault, answer] of Object.entries(everyStream)) {
    test(`without siltgate, opencode ${versions[which]} asks for ever when every stream ${fault}`, { timeout: 60_000 }, async (t) => {
      await withProvider({ title: null, answer }, async (provider) => {
        const { requests, run } = await countRequests(provider, which, provider.baseUrl, 10_000);
        t.diagnostic(`${requests} requests in ${run.ms} ms, timed out: ${run.timedOut}`);
        assert.ok(run.timedOut);
        assert.ok(requests > 20, `${requests} requests`);
      });
    });
  }

  test(`without siltgate, opencode ${versions[which]} is refused by a provider of cap 1`, { timeout: 90_000 }, async (t) => {
    await withProvider({ cap: 1, title: slowTitle, answer: () => ({ text: story }) }, async (provider) => {
      const run = await runOpencode(which, provider.baseUrl, { timeout: 60_000 });
      t.diagnostic(`${provider.refusals} refusals, exit ${run.code}, ${run.ms} ms`);
      assert.ok(provider.refusals > 0);
    });
  });
}

for (const which of ['old', 'new']) {
  test(`without siltgate, three subagents of opencode ${versions[which]} are refused by a provider of cap 1`, { timeout: 60_000 }, async (t) => {
    await withProvider({ cap: 1, title: slowTitle, answer: threeSubagents }, async (provider) => {
      const run = await runOpencode(which, provider.baseUrl, { timeout: 30_000 });
      t.diagnostic(`${provider.refusals} refusals of ${provider.requests.length} requests, exit ${run.code}, ${run.ms} ms, text: ${run.text}`);
      assert.ok(provider.refusals > 0);
    });
  });
}
