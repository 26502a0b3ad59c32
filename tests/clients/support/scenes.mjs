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

/** fetch for the SDKs, over after `ms` whatever it is waiting for: their own timeouts end with the head of the response. */
export const fetchWithin = (ms) => (url, init) =>
  fetch(url, { ...init, signal: AbortSignal.any([AbortSignal.timeout(ms), ...(init.signal ? [init.signal] : [])]) });

/**
 * opencode calls a tool, so its next request uses a connection again; the answer to that request has the fault, after four
 * words of the story. Every later request gets the whole story.
 */
export function faultOnce(fault) {
  let faults = 0;
  return {
    answer(request) {
      if (!afterTool(request)) return { toolCalls: [trueCommand] };
      return { text: story, fault: faults++ === 0 ? { after: 4, ...fault } : undefined };
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

/** What goes wrong with every stream of an upstream; the answers are short so that the loop of a client runs at full speed. */
export const everyStream = {
  'is truncated': () => ({ text: story, fault: { kind: 'truncate', after: 4 } }),
  'is a JSON body': () => ({ text: story, fault: { kind: 'json' } }),
  'ends with the finish reason "sensitive"': () => ({ text: story, finish: 'sensitive' }),
};

/**
 * Runs opencode against `baseUrl` until it ends, `timeout` ms have passed or the provider has seen more than `enough` requests.
 * True in `looping` when it had to be stopped because of the latter.
 */
export async function countRequests(provider, which, baseUrl, { timeout, enough = Infinity }) {
  const stopper = new AbortController();
  const watch = setInterval(() => { if (provider.requests.length > enough) stopper.abort(); }, 50);
  try {
    const run = await runOpencode(which, baseUrl, { timeout, signal: stopper.signal });
    return { requests: provider.requests.length, looping: stopper.signal.aborted, run };
  } finally {
    clearInterval(watch);
  }
}
