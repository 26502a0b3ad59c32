// SPDX-License-Identifier: Apache-2.0
// The cause of the garbled output, provoked on purpose: with keep_alive "always" the old opencode sends a POST again by itself when a
// reused connection breaks, and appends the second answer to the first. siltgate says so, with both requests named.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { faultOnce, story, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

test(`opencode ${versions.old} replays a POST on a kept-alive connection, and why names the client and both requests`, { timeout: 120_000 }, async (t) => {
  await withProvider(faultOnce({ kind: 'cut', how: 'fin' }), async (provider) => {
    await withSiltgate(provider.baseUrl, { top: { keep_alive: 'always' } }, async (gate) => {
      const run = await runOpencode('old', gate.baseUrl, { timeout: 60_000 });
      t.diagnostic(`exit ${run.code}, shown: ${JSON.stringify(run.text)}\n${provider.summary()}`);
      assert.notEqual(run.text, story, 'the client glued two answers together');

      const replay = (await gate.exchanges()).find((exchange) => exchange.replay_of);
      assert.ok(replay, 'one exchange is known to be a replay');
      const why = await gate.ask('why', replay.id);
      t.diagnostic(why.stdout);
      assert.equal(why.code, 12);
      const [first] = why.stdout.split('\n');
      assert.match(first, /^client \(likely\): replayed POST/);
      assert.ok(first.includes(replay.id) && first.includes(replay.replay_of), first);
      assert.match(why.stdout, /cause: client_replay/);

      const cut = await gate.ask('why', replay.replay_of);
      assert.equal(cut.code, 10, 'the cut itself is the provider\'s');
    });
  });
});

test(`opencode ${versions.old} does not replay with keep_alive "auto"`, { timeout: 120_000 }, async () => {
  await withProvider(faultOnce({ kind: 'cut', how: 'fin' }), async (provider) => {
    await withSiltgate(provider.baseUrl, {}, async (gate) => {
      const run = await runOpencode('old', gate.baseUrl, { timeout: 60_000 });
      assert.equal(run.text, story);
      assert.ok((await gate.exchanges()).every((exchange) => !exchange.replay_of));
    });
  });
});
