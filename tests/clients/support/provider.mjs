// SPDX-License-Identifier: Apache-2.0
// A scripted provider in the manner of Z.AI: a true cap on requests in flight (counted to the end of the response body),
// 429 with the 1302 body beyond it, and faults on request. It records every request. It knows no proxy and no client.
import { setTimeout as sleep } from 'node:timers/promises';

import { dialects } from './answers.mjs';
import { startHttpServer } from './http-server.mjs';

export const refusal1302 = JSON.stringify({
  error: {
    code: '1302',
    message: 'High concurrency usage of this API, please reduce concurrency or contact customer service to increase limits',
  },
});

/**
 * `answer(request, provider)` returns what to say to a request that was not refused: the answer of answers.mjs plus
 *   gap        ms between events (default 2)
 *   tailDelay  ms between the last event and the end of the body (default 10), so that a permit returned too early shows
 *   close      answer with Connection: close
 *   fault      { kind, after, … }: `after` events are sent sound; kinds stand in `faults` and `wholeFaults` below
 * Title and summary requests get the answer `title` instead, unless that is null.
 */
export async function startProvider({ cap = Infinity, answer = () => ({ text: 'Hi there.' }), title = { text: 'A short title' } } = {}) {
  const provider = {
    requests: [], inFlight: 0, peak: 0, refusals: 0,
    of: (kind) => provider.requests.filter((request) => request.kind === kind && !request.refused),
  };
  const server = await startHttpServer(async (request, connection) => {
    read(request);
    request.number = provider.requests.push(request);
    request.refused = provider.inFlight >= cap;
    if (request.refused) {
      provider.refusals += 1;
      sendWhole(connection, 429, 'application/json', refusal1302);
      return;
    }
    request.nth = provider.of(request.kind).length;
    provider.inFlight += 1;
    request.inFlight = provider.inFlight;
    provider.peak = Math.max(provider.peak, provider.inFlight);
    const end = () => {
      if (request.endTime) return;
      provider.inFlight -= 1;
      request.endTime = Date.now();
    };
    connection.whenClosed = end;
    await give(request, connection, title && request.kind === 'title' ? title : answer(request, provider));
    end();
  });
  provider.origin = `http://127.0.0.1:${server.port}`;
  provider.baseUrl = `${provider.origin}/api/paas/v4`;
  provider.connectionCount = server.connectionCount;
  provider.stop = server.stop;
  provider.summary = () => provider.requests.map((r) => `${r.number} ${r.kind} conn ${r.connection}.${r.onConnection} ` +
    `flight ${r.inFlight ?? '-'} ${r.refused ? 'refused' : r.outcome ?? 'open'} ${r.bodyHash} +${r.time - provider.requests[0].time}ms`).join('\n');
  return provider;
}

/** Understands the body: json, streaming, model, and the kind: title, subagent, main or other. */
function read(request) {
  try { request.json = JSON.parse(request.body.toString()); } catch { request.json = {}; }
  const { json } = request;
  request.stream = json.stream === true;
  request.model = json.model ?? '';
  const text = (message) => (typeof message?.content === 'string' ? message.content : JSON.stringify(message?.content ?? ''));
  const system = (json.messages ?? []).filter((message) => message.role === 'system').map(text).join('\n');
  const user = (json.messages ?? []).filter((message) => message.role === 'user').map(text);
  request.lastUserText = user.at(-1) ?? '';
  if (!request.path.match(/\/(chat\/completions|messages|responses)(\?|$)/)) request.kind = 'other';
  else if (!json.tools && /title generator|summari[sz]/i.test(system)) request.kind = 'title';
  else if (user.some((content) => content.includes('SUBTASK'))) request.kind = 'subagent';
  else request.kind = 'main';
}

function sendWhole(connection, status, type, body, headers = {}) {
  connection.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers });
  connection.socket.write(body);
}

/** Writes one answer, counted as in flight until this returns or the peer closes. Sets request.outcome: complete, or what went wrong. */
async function give(request, connection, answer) {
  const fault = answer.fault ?? {};
  const dialect = dialects[Object.keys(dialects).find((path) => request.path.split('?')[0].endsWith(path))];
  const id = `${request.number}x${connection.number}`;
  if (!dialect) {
    request.outcome = 'complete';
    sendWhole(connection, 200, 'application/json', '{"object":"list","data":[]}');
  } else if (wholeFaults[fault.kind]) {
    request.outcome = fault.kind;
    wholeFaults[fault.kind](connection, fault, dialect.body(answer, id, request.model));
  } else if (!request.stream) {
    request.outcome = 'complete';
    sendWhole(connection, 200, 'application/json', dialect.body(answer, id, request.model));
  } else {
    await giveStream(request, connection, answer, dialect.events(answer, id, request.model));
  }
}

async function giveStream(request, connection, answer, events) {
  const { gap = 2, tailDelay = 10, close = false, fault = {} } = answer;
  connection.writeHead(200, {
    'Content-Type': 'text/event-stream;charset=UTF-8', 'Cache-Control': 'no-cache', 'Transfer-Encoding': 'chunked',
    'x-request-id': `req-${request.number}`, ...(close && { Connection: 'close' }),
  });
  if (fault.kind === 'cutAtByte') {
    request.outcome = fault.kind;
    await cutAtByte(connection, fault, Buffer.from(events.join('')), gap);
    return;
  }
  for (const [index, event] of events.entries()) {
    if (connection.isClosed) { request.outcome ??= 'client closed'; return; }
    if (fault.kind && index === fault.after) {
      request.outcome = fault.kind;
      const goesOn = await faults[fault.kind](connection, fault, event);
      if (goesOn !== true) return;
    } else {
      connection.writeChunk(event);
    }
    await sleep(gap);
  }
  await sleep(tailDelay);
  request.outcome ??= connection.isClosed ? 'client closed' : 'complete';
  connection.endChunks();
  if (close) await connection.cut('fin');
}

/** The stream breaks off at any byte: `where` is the part of it that is sent, from 0 to 1. */
async function cutAtByte(connection, { where, how }, body, gap) {
  const end = Math.floor(body.length * where);
  for (let at = 0; at < end; at += 300) {
    connection.writeChunk(body.subarray(at, Math.min(end, at + 300)));
    await sleep(gap);
  }
  await sleep(20);
  await connection.cut(how);
}

/** Faults in place of event number `after`; true = the stream goes on behind it. */
const faults = {
  /** how: 'fin' | 'rst'; inside: half of the event is sent first, inside an unfinished chunk. */
  async cut(connection, { how, inside }, event) {
    if (inside) connection.writeHalfChunk(event);
    await sleep(50);
    await connection.cut(how);
  },
  /** The body ends cleanly with no finish reason. */
  truncate: (connection) => connection.endChunks(),
  /** The event loses the middle byte of a character: an ill-formed sequence inside its text. */
  tornUtf8(connection, _, event) {
    const at = event.indexOf('"content":"') + '"content":"'.length;
    connection.writeChunk(Buffer.concat([Buffer.from(event.slice(0, at)), Buffer.from([0xe4, 0xad]), Buffer.from(event.slice(at))]));
    return true;
  },
  /** An error object as an event, then a clean end. */
  streamError(connection, { code = '500', message = 'internal error' }) {
    connection.writeChunk(`data: ${JSON.stringify({ error: { code, message } })}\n\n`);
    connection.endChunks();
  },
  /** Nothing more, until the peer gives up. */
  stall: (connection) => connection.closed,
};

/** Faults in place of the whole response. */
const wholeFaults = {
  /** A JSON body to a request for a stream. */
  json: (connection, _, body) => sendWhole(connection, 200, 'application/json', body),
  html: (connection) => sendWhole(connection, 200, 'text/html', '<html><body>Login required</body></html>'),
  status: (connection, { status, body = '{"error":{"code":"500","message":"internal error"}}', headers }) =>
    sendWhole(connection, status, 'application/json', body, headers),
};
