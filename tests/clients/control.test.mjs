// SPDX-License-Identifier: Apache-2.0
// Without siltgate the faults show: these runs prove that the other tests can fail. They need no siltgate.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { countRequests, everyStream, faultOnce, slowTitle, story, threeSubagents, withProvider } from './support/scenes.mjs';

/**
 * What shows depends on how far the client had read when the connection broke, and a loaded machine can make it read late: then it
 * has nothing to splice and asks anew. The claim is that the fault is there to be met, so up to three runs look for it.
 */
async function runUntil(shows, fault, t) {
  for (let attempt = 1; ; ++attempt) {
    const run = await withProvider(faultOnce(fault), async (provider) => {
      const found = await runOpencode('old', provider.baseUrl, { timeout: 60_000 });
      t.diagnostic(`run ${attempt}: exit ${found.code}, text: ${found.text}\n${provider.summary()}`);
      return found;
    });
    if (shows(run) || attempt === 3) return run;
  }
}

for (const how of ['fin', 'rst']) {
  test(`without siltgate, opencode 1.1.34 splices the answer when a reused connection ends with ${how} at a chunk border`, { timeout: 200_000 }, async (t) => {
    const spliced = /^The quick brown fox The quick brown fox/;
    const run = await runUntil((one) => spliced.test(one.text), { kind: 'cut', how }, t);
    assert.match(run.text, spliced);
  });

  test(`without siltgate, opencode 1.1.34 fails to parse when a reused connection ends with ${how} inside a chunk`, { timeout: 200_000 }, async (t) => {
    const run = await runUntil((one) => one.text !== story && /JSON parsing failed/.test(one.log), { kind: 'cut', how, inside: true }, t);
    assert.notEqual(run.text, story);
    assert.match(run.log, /JSON parsing failed/);
  });
}

for (const which of ['old', 'new']) {
  test(`without siltgate, opencode ${versions[which]} shows a replacement character for ill-formed UTF-8 and calls it success`, { timeout: 90_000 }, async (t) => {
    await withProvider(faultOnce({ kind: 'tornUtf8' }), async (provider) => {
      const run = await runOpencode(which, provider.baseUrl, { timeout: 60_000 });
      t.diagnostic(`exit ${run.code}, text: ${run.text}`);
      assert.match(run.text, /\ufffd/);
      assert.equal(run.code, 0);
    });
  });

  for (const [fault, answer] of Object.entries(everyStream)) {
    test(`without siltgate, opencode ${versions[which]} asks for ever when every stream ${fault}`, { timeout: 60_000 }, async (t) => {
      await withProvider({ title: null, answer }, async (provider) => {
        const { requests, looping } = await countRequests(provider, which, provider.baseUrl, { timeout: 40_000, enough: 30 });
        const span = provider.requests.at(-1).time - provider.requests[0].time;
        t.diagnostic(`${requests} requests in ${span} ms`);
        assert.ok(looping, `only ${requests} requests`);
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
      const run = await runOpencode(which, provider.baseUrl, { timeout: 15_000 });
      t.diagnostic(`${provider.refusals} refusals of ${provider.requests.length} requests, exit ${run.code}, ${run.ms} ms, text: ${run.text}`);
      assert.ok(provider.refusals > 0);
    });
  });
}
