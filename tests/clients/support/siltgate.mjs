// SPDX-License-Identifier: Apache-2.0
// Starts the siltgate program named by SILTGATE_BIN on a loopback port of its own choice, with its own home and
// configuration, asks its command line, and stops it. It knows no client and no scripted provider.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const startTimeout = 20_000;
const stopTimeout = 15_000;

/**
 * Runs `body(gate)` between start and stop. `config` is laid over a provider "scripted" at `upstreamUrl` with cap 1 per key.
 * Fails when siltgate does not start, does not end on SIGTERM, or ends with anything but 0. An error of `body` comes first.
 */
export async function withSiltgate(upstreamUrl, config, body) {
  const gate = await startSiltgate(upstreamUrl, config);
  try {
    await body(gate);
  } catch (error) {
    await gate.stop().catch(() => {});
    error.message += `\n--- siltgate's log, last lines:\n${gate.log().split('\n').slice(-40).join('\n')}`;
    throw error;
  }
  const ending = await gate.stop();
  if (ending.code !== 0) throw new Error(`siltgate ended with ${ending.code ?? ending.signal} after SIGTERM\n${gate.log().slice(-4000)}`);
}

/** { limits, provider, top }: members laid over the provider's limits, the provider, and the whole file. */
function configText(upstreamUrl, { limits = {}, provider = {}, top = {} }) {
  const scripted = { base_url: upstreamUrl, profile: 'zai', limits: { concurrency: 1, per: 'key', ...limits }, ...provider };
  return JSON.stringify({
    listen: ['127.0.0.1:0'], providers: { scripted }, default_provider: 'scripted', drain: '5s', ...top,
  }, null, 2);
}

async function startSiltgate(upstreamUrl, config) {
  const program = process.env.SILTGATE_BIN;
  if (!program) throw new Error('SILTGATE_BIN must name the siltgate program');
  const home = await mkdtemp(join(tmpdir(), 'sg-'));
  const file = join(home, 'siltgate.jsonc');
  await writeFile(file, `// written by the client tests\n${configText(upstreamUrl, config)}\n`);
  const env = cleanEnvironment(home);
  const child = spawn(program, ['run', '--config', file], { cwd: home, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  const exited = new Promise((resolve) => {
    child.once('error', (error) => { log += String(error); resolve({ code: 127 }); });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  /** Ends the server; its home, and what verbs read in it, stay until stop(). */
  const end = async () => {
    const timer = setTimeout(kill, stopTimeout);
    child.kill('SIGTERM');
    const ending = await exited;
    clearTimeout(timer);
    process.off('exit', kill);
    return ending;
  };
  const stop = async () => {
    const ending = await end();
    await rm(home, { recursive: true, force: true });
    return ending;
  };
  child.stderr.setEncoding('utf8');
  const listening = new Promise((resolve) => child.stderr.on('data', (text) => {
    log += text;
    const found = log.match(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
    if (found) resolve(found[1]);
  }));
  const origin = await Promise.race([listening, exited, pause(startTimeout)]);
  if (typeof origin !== 'string') {
    await stop();
    throw new Error(`siltgate did not say "listening on http://127.0.0.1:PORT"\n${log}`);
  }
  const ask = (...words) => runCommand(program, [...words, '--config', file], env, home);
  const raw = async (id) => (await runCommand(program, ['show', id, '--raw'], env, home, 'buffer')).stdout;
  const replaying = (id, body) => withReplay(program, id, env, home, body);
  return { origin, baseUrl: `${origin}/v1`, log: () => log, ask, exchanges: () => exchangesOf(ask), raw, replaying, end, stop };
}

/** Nothing of the caller's proxies and siltgate settings; state, sockets and settings in `home`. */
function cleanEnvironment(home) {
  const foreign = /^(https?_proxy|all_proxy|no_proxy|siltgate_|xdg_)/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), HOME: home, XDG_RUNTIME_DIR: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home };
}

async function pause(ms) {
  await new Promise((resolve) => { setTimeout(resolve, ms).unref(); });
}

/** Runs `body(baseUrl)` while `siltgate replay ID` serves the recording. */
async function withReplay(program, id, env, cwd, body) {
  const child = spawn(program, ['replay', id], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  try {
    const baseUrl = await Promise.race([
      new Promise((resolve) => child.stdout.setEncoding('utf8').once('data', (text) => resolve(text.trim()))),
      new Promise((resolve) => child.once('exit', resolve)), pause(startTimeout)]);
    if (typeof baseUrl !== 'string') throw new Error(`siltgate replay ${id} printed no base URL`);
    return await body(baseUrl);
  } finally {
    kill();
    process.off('exit', kill);
  }
}

/** { code, stdout, stderr } of a verb, at most 10 s. */
function runCommand(program, words, env, cwd, encoding = 'utf8') {
  return new Promise((resolve) => {
    execFile(program, words, { env, cwd, encoding, timeout: 10_000 }, (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

/** What `siltgate log --json` prints: one object per line, or one array. */
async function exchangesOf(ask) {
  const { code, stdout, stderr } = await ask('log', '--json');
  if (code !== 0) throw new Error(`siltgate log --json ended with ${code}: ${stderr}`);
  const text = stdout.trim();
  return text.startsWith('[') ? JSON.parse(text) : text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}
