// SPDX-License-Identifier: Apache-2.0
// Numbers and words as people read them. Pure.

export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 10) return ms < 0.05 ? '0 ms' : `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(ms < 10e3 ? 2 : 1)} s`;
  if (ms < 3600e3) return `${Math.floor(ms / 60e3)} m ${String(Math.floor(ms / 1000) % 60).padStart(2, '0')} s`;
  if (ms < 86400e3) return `${Math.floor(ms / 3600e3)} h ${String(Math.floor(ms / 60e3) % 60).padStart(2, '0')} m`;
  return `${Math.floor(ms / 86400e3)} d ${Math.floor(ms / 3600e3) % 24} h`;
}

export const count = (n) => (n === null || n === undefined ? '–' : n.toLocaleString('en-US').replaceAll(',', ' '));
export const rate = (n) => (n === null || n === undefined ? '–' : n < 100 ? n.toFixed(1) : String(Math.round(n)));
export const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

export function clock(iso) {
  const time = new Date(iso);
  return time.toLocaleTimeString('en-GB');
}

export function ago(iso) {
  const seconds = Math.max(0, (Date.now() - new Date(iso)) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/// Each verdict has a sign of its own: colour is never the only difference.
export const signs = { intact: '✓', provider: '✕', network: '≠', client: '◂', siltgate: '■', unknown: '?' };

export const shortId = (id) => id.replace(/^sg_/, '');
export const shortClient = (client) => client.split('/').slice(0, 2).join(' ').slice(0, 24) || '–';

/// From the permit of the last attempt to its first event, as the log and the metrics have it.
export function ttft(x) {
  const first = x.times_ms.first_event ?? x.times_ms.first_byte;
  return first === undefined || x.times_ms.admitted === undefined || first < x.times_ms.admitted ? null : first - x.times_ms.admitted;
}

export function tokensPerSecond(x) {
  const first = x.times_ms.first_event ?? x.times_ms.first_byte, last = x.times_ms.last_byte_in;
  return x.out_tokens > 0 && last > first ? (x.out_tokens * 1000) / (last - first) : null;
}

/// A client that left and a cut somebody asked for are no trouble to report.
export const isTrouble = (x) => x.verdict.blame !== 'intact' && !['client_left', 'cancelled'].includes(x.verdict.cause);

export const keyName = (k) => `${k.provider}/${k.key || '-'}`;

/// How the caps shared through Redis stand, when not as they should; '' = nothing to say.
export function sharedNotice(shared) {
  if (!shared) return '';
  if (shared.trouble) {
    const kept = shared.parts > 1 ? `this instance goes on with its part of the caps, one of ${shared.parts}` : 'this instance goes on with the caps as configured';
    return `Redis at ${shared.redis} is down for ${duration(shared.since_ms)} (${shared.trouble}): ${shared.mode === 'refusing' ? 'requests are refused' : kept}.`;
  }
  return shared.settling ? 'Redis is back: requests wait until every instance had time to come back too.' : '';
}
