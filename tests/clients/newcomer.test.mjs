// SPDX-License-Identifier: Apache-2.0
// What somebody does in the first three minutes, in an empty home: install siltgate, start it with the demo provider, point opencode at it, prompt.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { runOpencodeAtHome, versions } from './support/opencode.mjs';

const bound = 180_000;

const installed = (home) => join(home, '.local/bin/siltgate');

/** What `cmake --install` puts below ~/.local, from the folder in which the program was built. */
function install(home) {
  if (!process.env.SILTGATE_BIN) throw new Error('SILTGATE_BIN must name the siltgate program');
  const built = dirname(process.env.SILTGATE_BIN);
  return new Promise((resolve, reject) => {
    execFile('cmake', ['--install', built, '--prefix', join(home, '.local')], (error, out, err) => (error ? reject(new Error(out + err)) : resolve()));
  });
}

/** A verb of siltgate in this home: { code, out, err }. */
function siltgate(home, ...words) {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, OPENCODE_DISABLE_DEFAULT_PLUGINS: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' };
    const child = execFile(installed(home), words, { env, cwd: home, timeout: 20_000 }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
    child.stdin.end();
  });
}

/** Stand-ins for what opencode fetches from the internet before its first prompt. */
async function furnish(home) {
  await mkdir(join(home, '.cache/opencode'), { recursive: true });
  await writeFile(join(home, '.cache/opencode/models.json'), '{}');
  await writeFile(join(home, '.cache/opencode/version'), '18');
}

async function startDemo(home) {
  const child = spawn(installed(home), ['run', '--upstream', 'demo:', '--listen', '127.0.0.1:0'], {
    cwd: home, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  child.stderr.setEncoding('utf8');
  let log = '';
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([ended, new Promise((resolve) => child.stderr.on('data', (text) => { if ((log += text).includes('listening on http://')) resolve(); }))]);
  assert.match(log, /listening on http:\/\/127\.0\.0\.1:\d+/);
  return { stop: async () => { child.kill('SIGTERM'); return ended; } };
}

for (const which of ['old', 'new']) {
  test(`a newcomer's opencode ${versions[which]} answers through siltgate after setup opencode --write`, { timeout: bound }, async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'siltgate-newcomer-'));
    await furnish(home);
    const started = Date.now();
    await install(home);
    const demo = await startDemo(home);
    try {
      const plan = await siltgate(home, 'setup', 'opencode');
      assert.equal(plan.code, 0, plan.err);
      assert.match(plan.out, /\+.*"baseURL": "http:\/\/127\.0\.0\.1:\d+\/v1"/);
      const written = await siltgate(home, 'setup', 'opencode', '--write');
      assert.equal(written.code, 0, written.err);
      const run = await runOpencodeAtHome(which, home, { prompt: 'Say hi', timeout: 90_000 });
      t.diagnostic(`exit ${run.code}, answer ${JSON.stringify(run.text)}, ${Date.now() - started} ms from the empty home`);
      assert.equal(run.code, 0, run.log.slice(-3000));
      assert.match(run.text, /Say hi/, run.log.slice(-3000));
      assert.ok(Date.now() - started < bound);
      const log = await siltgate(home, 'log', '--json');
      const blames = log.out.trim().split('\n').map((line) => JSON.parse(line).verdict.blame);
      assert.ok(blames.includes('intact'), log.out);
      // A title that opencode no longer waits for when it ends counts as the client's.
      assert.ok(blames.every((blame) => blame === 'intact' || blame === 'client'), log.out);
      const doctor = await siltgate(home, 'doctor', '--client', 'opencode', '--probe');
      assert.equal(doctor.code, 0, doctor.out + doctor.err);
      assert.match(doctor.out, /goes through siltgate/);
      assert.match(doctor.out, /answered a request of one token/);
      const folder = join(home, '.config/opencode');
      const first = await readFile(join(folder, 'opencode.json'), 'utf8');
      assert.equal((await siltgate(home, 'setup', 'opencode', '--write')).code, 0);
      assert.equal(await readFile(join(folder, 'opencode.json'), 'utf8'), first, 'a second setup changes nothing');
      const undone = await siltgate(home, 'setup', 'opencode', '--undo');
      assert.equal(undone.code, 0, undone.out + undone.err);
      assert.ok(!(await readdir(folder)).some((name) => name.startsWith('opencode.json')), 'undo leaves nothing of setup behind');
    } finally {
      assert.equal(await demo.stop(), 0);
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  });
}
