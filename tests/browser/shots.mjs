// SPDX-License-Identifier: Apache-2.0
// node shots.mjs FOLDER: the pictures of the documents, taken from a real siltgate with its demo provider (SILTGATE_BIN).
import { join } from 'node:path';

import { eventually, rows, startBrowser, withDashboard } from './support/dashboard.mjs';

const folder = process.argv[2] ?? '../../docs/images';
const clients = ['opencode/1.18.33', 'claude-cli/2.0.14', 'aider/0.86', 'opencode/1.18.33'];
const prompts = ['Why does the parser drop the last line?', 'Write a test for the empty file.', 'Rename the class.', 'Explain the failing build.'];

async function traffic(ask, many) {
  for (let i = 0; i < many; ++i) await ask({ prompt: prompts[i % 4], client: clients[i % 4], pace: 2 + ((i * 7) % 11), session: `ses_${i % 3}` });
}

const shot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });

const scenes = {
  async idle(browser) {
    await withDashboard(browser, { view: { viewport: { width: 1280, height: 620 } } }, async ({ page, ask }) => {
      await traffic(ask, 8);
      await eventually(async () => (await rows(page, 'exchanges').count()) === 8 || Promise.reject(new Error('not yet')));
      await page.waitForTimeout(2500);
      await shot(page, 'idle');
    });
  },
  async queue(browser) {
    await withDashboard(browser, { view: { viewport: { width: 1280, height: 760 } } }, async ({ page, ask }) => {
      await traffic(ask, 14);
      const under = [await ask({ model: 'demo/stall', client: clients[1], pace: 20, session: 'ses_9' }, { wait: false })];
      for (let i = 0; i < 4; ++i) under.push(await ask({ prompt: prompts[i % 4], client: clients[i % 4], pace: 40, session: `ses_${i}` }, { wait: false }));
      await eventually(async () => /answered/.test(await page.locator('#live').innerText()) || Promise.reject(new Error('not yet')));
      await page.waitForTimeout(2000);
      await shot(page, 'queue');
      const stalled = page.locator('#live tr', { hasText: 'demo/stall' }).locator('button.cancel');
      await stalled.click();
      await stalled.click();
      await Promise.all(under.map((one) => one.done));
    });
  },
  async damage(browser) {
    await withDashboard(browser, { view: { viewport: { width: 1280, height: 760 } } }, async ({ page, ask }) => {
      await traffic(ask, 12);
      await ask({ model: 'demo/torn-utf8', client: clients[1], pace: 4 });
      await traffic(ask, 5);
      await ask({ model: 'demo/splice', client: clients[0], pace: 4 });
      const busy = await ask({ prompt: prompts[0], client: clients[0], pace: 40 }, { wait: false });
      await page.waitForTimeout(1500);
      await shot(page, 'damage');
      await busy.done;
    });
  },
  async exchange(browser) {
    await withDashboard(browser, { view: { viewport: { width: 1280, height: 600 } } }, async ({ page, ask }) => {
      await traffic(ask, 6);
      const { id } = await ask({ model: 'demo/splice', client: clients[0], pace: 4 });
      await page.locator(`#exchanges tr[data-id=${id}]`).click();
      await page.getByRole('tab', { name: 'Events' }).click();
      await page.locator('#view tr[data-found]').first().scrollIntoViewIfNeeded();
      await page.waitForTimeout(300);
      await shot(page, 'exchange');
    });
  },
  async phone(browser) {
    await withDashboard(browser, { view: { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } }, async ({ page, ask }) => {
      await traffic(ask, 9);
      await ask({ model: 'demo/splice', client: clients[0], pace: 4 });
      const busy = await ask({ prompt: prompts[0], client: clients[0], pace: 40 }, { wait: false });
      await page.waitForTimeout(1500);
      await shot(page, 'phone');
      await busy.done;
    });
  },
};

const browser = await startBrowser();
for (const [name, scene] of Object.entries(scenes)) {
  await scene(browser);
  console.log(name);
}
await browser.close();
