// SPDX-License-Identifier: Apache-2.0
// Scenes that several tests play, with siltgate between and without it: what the provider does, and what opencode made of it.
import { runOpencode } from './opencode.mjs';
import { startProvider } from './provider.mjs';

export const story = 'The quick brown fox jumps over the lazy dog and runs home before the rain begins.';

/** A title that takes a second and a half, so that the main request arrives while the first title is in flight. */
export const slowTitle = { text: 'A short title', gap: 300 };

const afterTool = (request) => request.json.messages?.some((message) => message.role === 'tool');
const trueCommand = { name: 'bash', arguments: { command: 'true', description: 'Does nothing' } };

/** Runs `body(provider)` with a scripted provider that is stopped in any case. */
export async function withProvider(options, body) {
  const provider = await startProvider(options);
  try {
    return await body(provider);
  } catch (error) {
    error.message += `\n--- the provider saw:\n${provider.summary()}`;
    throw error;
  } finally {
    await provider.stop();
  }
}

/**
 * opencode calls a tool, so its next request uses a connection again; that request loses its connection once, after four
 * words of the story. Every later request gets the whole story.
 */
export function cutOnce(cut) {
  let cuts = 0;
  return {
    answer(request) {
      if (!afterTool(request)) return { toolCalls: [trueCommand] };
      return { text: story, fault: cuts++ === 0 ? { kind: 'cut', after: 4, ...cut } : undefined };
    },
  };
}

/** Three subagents at once: the main request calls `task` three times, each subagent says a sentence, the main answer follows. */
export function threeSubagents(request) {
  if (request.kind === 'subagent') return { text: `Finished ${request.lastUserText.match(/SUBTASK \d/)?.[0]}.`, gap: 60 };
  if (afterTool(request)) return { text: story };
  const task = (n) => ({ name: 'task', arguments: { description: `Part ${n}`, prompt: `SUBTASK ${n}: say that it is finished`, subagent_type: 'general' } });
  return { toolCalls: [task(1), task(2), task(3)] };
}

/** What goes wrong with every stream of an upstream; the answers are short so that a client's loop runs at full speed. */
export const everyStream = {
  'is truncated': () => ({ text: story, fault: { kind: 'truncate', after: 4 } }),
  'is a JSON body': () => ({ text: story, fault: { kind: 'json' } }),
  'ends with the finish reason "sensitive"': () => ({ text: story, finish: 'sensitive' }),
};

/** How many requests reach the provider while opencode runs against `baseUrlOf(provider)` for at most `timeout` ms. */
export async function countRequests(provider, which, baseUrl, timeout) {
  const run = await runOpencode(which, baseUrl, { timeout });
  return { requests: provider.requests.length, run };
}
