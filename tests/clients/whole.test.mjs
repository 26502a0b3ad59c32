// SPDX-License-Identifier: Apache-2.0
// delivery "whole" against a provider that cuts one stream in five at a random byte: opencode sees none of it.
// SILTGATE_WHOLE_PROMPTS sets how many prompts each version gets (6), SILTGATE_SEED repeats a run.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { runOpencode, versions } from './support/opencode.mjs';
import { story, withProvider } from './support/scenes.mjs';
import { withSiltgate } from './support/siltgate.mjs';

const prompts = Number(process.env.SILTGATE_WHOLE_PROMPTS ?? 6);
const seed = Number(process.env.SILTGATE_SEED ?? Date.now() % 1_000_000);
const atOnce = 2;

/** mulberry32: the same numbers for the same seed. */
function randomFrom(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Cuts one in five, the very first in any case, with FIN and RST alike. */
function cutsOneInFive() {
  const random = randomFrom(seed);
  let streams = 0;
  const fault = () => (streams++ === 0 || random() < 0.2 ? { kind: 'cutAtByte', where: random(), how: random() < 0.5 ? 'fin' : 'rst' } : undefined);
  return { title: null, answer: (request) => ({ text: request.kind === 'title' ? 'A short title' : story, fault: fault() }) };
}

/** The runs of all prompts, a few at a time. */
async function runAll(which, baseUrl) {
  const runs = [];
  let next = 0;
  const worker = async () => {
    while (next < prompts) {
      const prompt = `Tell the story, number ${++next}`;
      runs.push(await runOpencode(which, baseUrl, { prompt, timeout: 100_000 }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return runs;
}

describe('delivery "whole"', () => {
  for (const which of ['old', 'new']) {
    test(`opencode ${versions[which]} finishes ${prompts} of ${prompts} prompts although one stream in five is cut`, { timeout: 60_000 + prompts * 60_000 }, async (t) => {
      await withProvider(cutsOneInFive(), async (provider) => {
        await withSiltgate(provider.baseUrl, { limits: { concurrency: 4 }, provider: { delivery: 'whole' } }, async (gate) => {
          const started = Date.now();
          const runs = await runAll(which, gate.baseUrl);
          const cut = provider.requests.filter((request) => request.outcome === 'cutAtByte').length;
          const right = runs.filter((run) => run.text === story && run.code === 0 && !run.events.some((event) => event.type === 'error'));
          t.diagnostic(`seed ${seed}: ${right.length} of ${runs.length} right, ${cut} of ${provider.requests.length} streams cut, ${Date.now() - started} ms`);
          for (const run of runs) assert.equal(run.text, story, run.log.slice(-2000));
          assert.equal(right.length, prompts);
          assert.ok(cut > 0);
          // opencode ends with its answer and leaves titles that are still being made.
          const judged = (await gate.exchanges()).filter((exchange) => exchange.class !== 'background');
          assert.ok(judged.length > 0);
          for (const exchange of judged) assert.equal(exchange.verdict.blame, 'intact', JSON.stringify(exchange.verdict));
        });
      });
    });
  }
});
