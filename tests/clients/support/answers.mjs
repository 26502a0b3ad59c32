// SPDX-License-Identifier: Apache-2.0
// The bytes of an answer in each dialect: lists of SSE events for streams, one JSON text otherwise. No sockets, no faults.
// An answer is { text, reasoning, toolCalls: [{ name, arguments }], finish }.

const event = (data, name) => `${name ? `event: ${name}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const words = (text) => text.match(/\S+\s*|\s+/g) ?? [];
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** Chat completion chunks as Z.AI sends them: role in every delta, the finish reason only in the last chunk, beside the usage. */
function chatEvents(answer, id, model) {
  const chunk = (delta, rest = {}, last = {}) => event({
    id, object: 'chat.completion.chunk', created: 1790000000, model,
    choices: [{ index: 0, delta: { role: 'assistant', ...delta }, ...rest }], ...last,
  });
  const events = words(answer.reasoning ?? '').map((word) => chunk({ reasoning_content: word }));
  events.push(...words(answer.text ?? '').map((word) => chunk({ content: word })));
  (answer.toolCalls ?? []).forEach((call, index) => {
    const args = JSON.stringify(call.arguments);
    events.push(chunk({ tool_calls: [{ index, id: `call_${id}_${index}`, type: 'function', function: { name: call.name, arguments: args } }] }));
  });
  events.push(chunk({ content: '' }, { finish_reason: finishOf(answer) }, { usage }));
  events.push(event('[DONE]'));
  return events;
}

function chatBody(answer, id, model) {
  return JSON.stringify({
    id, object: 'chat.completion', created: 1790000000, model, usage,
    choices: [{ index: 0, finish_reason: finishOf(answer), message: { role: 'assistant', content: answer.text } }],
  });
}

const finishOf = (answer) => answer.finish ?? (answer.toolCalls?.length ? 'tool_calls' : 'stop');

function messageEvents(answer, id, model) {
  const of = (type, rest) => event({ type, ...rest }, type);
  return [
    of('message_start', { message: { ...messageShell(id, model), content: [], stop_reason: null, usage: { input_tokens: 11, output_tokens: 1 } } }),
    of('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    of('ping', {}),
    ...words(answer.text).map((text) => of('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    of('content_block_stop', { index: 0 }),
    of('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 7 } }),
    of('message_stop', {}),
  ];
}

const messageShell = (id, model) => ({ id: `msg_${id}`, type: 'message', role: 'assistant', model, stop_sequence: null });

function messageBody(answer, id, model) {
  return JSON.stringify({
    ...messageShell(id, model), content: [{ type: 'text', text: answer.text }], stop_reason: 'end_turn',
    usage: { input_tokens: 11, output_tokens: 7 },
  });
}

function responseEvents(answer, id, model) {
  let sequence = 0;
  const of = (type, rest) => event({ type, sequence_number: sequence++, ...rest }, type);
  const place = { item_id: `item_${id}`, output_index: 0, content_index: 0 };
  const part = (text) => ({ type: 'output_text', text, annotations: [] });
  const item = (status, content) => ({ id: `item_${id}`, type: 'message', status, role: 'assistant', content });
  const shell = (status, output) => ({ id: `resp_${id}`, object: 'response', created_at: 1790000000, model, status, output, error: null });
  const done = item('completed', [part(answer.text)]);
  return [
    of('response.created', { response: shell('in_progress', []) }),
    of('response.in_progress', { response: shell('in_progress', []) }),
    of('response.output_item.added', { output_index: 0, item: item('in_progress', []) }),
    of('response.content_part.added', { ...place, part: part('') }),
    ...words(answer.text).map((delta) => of('response.output_text.delta', { ...place, delta, logprobs: [] })),
    of('response.output_text.done', { ...place, text: answer.text, logprobs: [] }),
    of('response.content_part.done', { ...place, part: part(answer.text) }),
    of('response.output_item.done', { output_index: 0, item: done }),
    of('response.completed', { response: { ...shell('completed', [done]), usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } } }),
  ];
}

function responseBody(answer, id, model) {
  const content = [{ type: 'output_text', text: answer.text, annotations: [] }];
  return JSON.stringify({
    id: `resp_${id}`, object: 'response', created_at: 1790000000, model, status: 'completed', error: null,
    output: [{ id: `item_${id}`, type: 'message', status: 'completed', role: 'assistant', content }],
    usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
  });
}

/** By the end of the path: how to stream an answer, and how to give it whole. */
export const dialects = {
  '/chat/completions': { events: chatEvents, body: chatBody },
  '/messages': { events: messageEvents, body: messageBody },
  '/responses': { events: responseEvents, body: responseBody },
};
