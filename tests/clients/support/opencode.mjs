// SPDX-License-Identifier: Apache-2.0
// Runs one prompt with the real opencode, offline: an empty home, no input, no network but the given base URL.
// It knows nothing of what the base URL is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const versions = { old: '1.1.34', new: '1.18.33' };

/**
 * `which` is 'old' or 'new'. The program OPENCODE_OLD_BIN or OPENCODE_NEW_BIN names, else that of the platform package, which needs
 * no install script.
 */
function programOf(which) {
  const packaged = join(import.meta.dirname, '..', 'node_modules', `opencode-${which}-${process.platform}-${process.arch}`, 'bin', 'opencode');
  const path = process.env[`OPENCODE_${which.toUpperCase()}_BIN`] || packaged;
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm ci in tests/clients, or see its README for this platform`);
  return path;
}

const model = { limit: { context: 128000, output: 8192 }, tool_call: true, reasoning: true };

const configOf = (baseURL) => ({
  $schema: 'https://opencode.ai/config.json',
  autoupdate: false, share: 'disabled', snapshot: false,
  enabled_providers: ['proxytest'],
  model: 'proxytest/glm-4.7', small_model: 'proxytest/small',
  provider: {
    proxytest: {
      npm: '@ai-sdk/openai-compatible', name: 'Proxy test',
      options: { baseURL, apiKey: 'test-key' },
      models: { 'glm-4.7': { name: 'glm-4.7', ...model }, small: { name: 'small', ...model, headers: { 'X-Background': '1' } } },
    },
  },
  permission: { bash: 'allow', edit: 'allow', webfetch: 'deny' },
});

/**
 * Result: { text, events, code, signal, timedOut, ms, log }. `text` is the joined text of the answer, `events` all that was
 * printed, `log` all of stderr.
 * At `timeout` ms, or when `signal` is aborted, the whole process group is killed.
 */
export async function runOpencode(which, baseUrl, { prompt = 'Say hi', timeout = 60_000, signal } = {}) {
  const home = await mkdtemp(join(tmpdir(), `siltgate-opencode-${which}-`));
  try {
    await furnish(home, baseUrl);
    return await spawnOpencode(programOf(which), home, prompt, timeout, signal);
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** What keeps opencode from installing plugins and asking for model lists before its first prompt. */
async function furnish(home, baseUrl) {
  for (const folder of ['proj', 'tmp', '.cache/opencode', '.config/opencode/node_modules']) await mkdir(join(home, folder), { recursive: true });
  await writeFile(join(home, '.cache/opencode/models.json'), '{}');
  await writeFile(join(home, '.cache/opencode/version'), '18');
  await writeFile(join(home, 'opencode.json'), JSON.stringify(configOf(baseUrl), null, 2));
}

/** One prompt in a home that somebody else furnished, with opencode's own search for its configuration. */
export async function runOpencodeAtHome(which, home, { prompt = 'Say hi', timeout = 60_000 } = {}) {
  for (const folder of ['proj', 'tmp']) await mkdir(join(home, folder), { recursive: true });
  return spawnOpencode(programOf(which), home, prompt, timeout, undefined, {});
}

async function spawnOpencode(program, home, prompt, timeout, stop, config = { OPENCODE_CONFIG: join(home, 'opencode.json') }) {
  const out = await open(join(home, 'out'), 'w');
  const log = await open(join(home, 'log'), 'w');
  const started = Date.now();
  const child = spawn(program, ['run', '--print-logs', '--format', 'json', prompt], {
    cwd: join(home, 'proj'), detached: true, stdio: ['ignore', out.fd, log.fd],
    env: {
      PATH: process.env.PATH, HOME: home, TMPDIR: join(home, 'tmp'), TERM: 'dumb', LANG: 'C.UTF-8', NO_PROXY: '127.0.0.1,localhost',
      ...config, OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1', OPENCODE_DISABLE_CLAUDE_CODE: '1',
    },
  });
  const kill = () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* the group is gone */ } };
  let timedOut = false;
  const timer = setTimeout(() => { timedOut = true; kill(); }, timeout);
  stop?.addEventListener('abort', kill);
  process.once('exit', kill);
  const { code, signal } = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  kill();
  process.off('exit', kill);
  await out.close();
  await log.close();
  const ms = Date.now() - started;
  const events = linesOf(await readFile(join(home, 'out'), 'utf8'));
  const text = events.filter((event) => event.type === 'text').map((event) => event.part.text).join('');
  return { text, events, code, signal, timedOut, ms, log: await readFile(join(home, 'log'), 'utf8') };
}

function linesOf(output) {
  return output.split('\n').filter(Boolean).map((line) => {
    try { return JSON.parse(line); } catch { return { type: 'not-json', line }; }
  });
}
