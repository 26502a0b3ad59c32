// SPDX-License-Identifier: Apache-2.0
// The dashboard as a person uses it, in a real browser against a real siltgate with its demo provider.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually, rows, startBrowser, withDashboard } from './support/dashboard.mjs';

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser.close());

const timed = { timeout: 60_000 };
const text = (page, selector) => page.locator(selector).innerText();

async function openRow(page, id, view) {
  await page.locator(`#exchanges tr[data-id=${id}]`).click();
  await page.waitForSelector('#exchange:not([hidden])');
  if (view) await page.getByRole('tab', { name: view, exact: true }).click();
}

test('before the first request it says that nothing has happened', timed, async () => {
  await withDashboard(browser, {}, async ({ page }) => {
    await eventually(async () => assert.match(await text(page, '#banner'), /All well/));
    assert.match(await text(page, '#about'), /127\.0\.0\.1:\d+/);
    assert.equal(await page.locator('#limits').isVisible(), false);
    assert.equal(await page.locator('#history-empty').isVisible(), true);
  });
});

test('a stream and the requests behind it are seen live, in their order', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const first = await ask({ pace: 100 }, { wait: false });
    await eventually(async () => assert.equal(await rows(page, 'live').count(), 1));
    const others = [await ask({ session: 'ses_second' }, { wait: false }), await ask({ session: 'ses_third' }, { wait: false })];
    await eventually(async () => assert.equal(await rows(page, 'waiting').count(), 2));
    assert.deepEqual(await page.locator('#waiting td.place').allInnerTexts(), ['1.', '2.']);
    assert.match(await text(page, '#limits td.slots'), /1 of 1/);
    assert.match(await text(page, '#limits td.state'), /waits for the cap/);
    assert.match(await text(page, '#notices'), /siltgate: \d requests? waits? for .* behind the configured cap of 1/);
    await eventually(async () => assert.match(await text(page, '#live td.ttft'), /m?s$/));
    await eventually(async () => assert.ok(Number((await text(page, '#live td.rate')).replace(/[^\d.]/g, '')) > 1));
    for (const request of [first, ...others]) assert.equal((await request.done).clean, true);
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 3));
    assert.equal(await page.locator('#live-empty').isVisible(), true);
  });
});

test('in a silence the page says whether the way to the provider is alive, and how that is known', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const silent = await ask({ model: 'demo/stall' }, { wait: false });
    await eventually(async () => assert.equal(await text(page, '#live td.tcp'), 'alive'));
    await eventually(async () => assert.match(await text(page, '#live td.tcp'), /^alive: its machine answered [\d.]+m?s ago, no retransmits$/));
    assert.equal(await page.locator('#live td.tcp').getAttribute('data-path'), 'alive');
    assert.match(await page.locator('#live td.tcp').getAttribute('title'), /round trip .*0 retransmits, 0 unanswered probes/);
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${width} pixels`);
    }
    await page.locator('#live button.cancel').click();
    await page.locator('#live button.cancel').click();
    await silent.done;
    await eventually(async () => assert.equal(await page.locator('#live-empty').isVisible(), true));
  });
});

test('the page is told no more than four times a second', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const busy = await ask({ pace: 20 }, { wait: false });
    const told = await page.evaluate(() => new Promise((done) => {
      let states = 0;
      const source = new EventSource('api/events?state=1');
      source.addEventListener('state', () => (states += 1));
      setTimeout(() => (source.close(), done(states)), 2000);
    }));
    assert.ok(told >= 2 && told <= 9, `${told} states in 2 s`);
    await busy.done;
  });
});

test('cancel asks once more, cuts the stream without an end and lets the next one go', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const cut = await ask({ pace: 400 }, { wait: false });
    await eventually(async () => assert.ok(Number(await text(page, '#live td.events')) > 1));
    const next = await ask({ session: 'ses_next' }, { wait: false });
    await eventually(async () => assert.equal(await rows(page, 'waiting').count(), 1));
    const button = page.locator('#live button.cancel');
    await button.click();
    assert.equal(await button.innerText(), 'Really?');
    await button.click();
    const ended = await cut.done;
    assert.equal(ended.clean, false);
    assert.doesNotMatch(ended.text, /\[DONE\]/);
    assert.equal((await next.done).clean, true);
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 2));
    const row = page.locator('#exchanges tr[data-blame=siltgate]');
    assert.match(await row.innerText(), /cancelled/);
    assert.match(await text(page, '#banner'), /All well/);
  });
});

test('a waiting request can be cancelled too, and gets an error that says so', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const first = await ask({ pace: 150 }, { wait: false });
    await eventually(async () => assert.equal(await rows(page, 'live').count(), 1));
    const second = await ask({}, { wait: false });
    await eventually(async () => assert.equal(await rows(page, 'waiting').count(), 1));
    await page.locator('#waiting button.cancel').click();
    await page.locator('#waiting button.cancel').click();
    const refused = await second.done;
    assert.equal(refused.status, 503);
    assert.equal(JSON.parse(refused.text).error.code, 'cancelled');
    assert.equal((await first.done).clean, true);
  });
});

test('history is filtered by verdict, model and text', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    await ask({ prompt: 'sound' });
    await ask({ model: 'demo/html' });
    await ask({ model: 'demo/sensitive', client: 'other-client/2.0' });
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 3));
    await page.selectOption('#by-verdict', 'bad');
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 1));
    assert.match(await rows(page, 'exchanges').innerText(), /provider[\s\S]*content_type/);
    await page.selectOption('#by-verdict', '');
    await page.selectOption('#by-model', 'demo/echo');
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 1));
    await page.selectOption('#by-model', '');
    await page.fill('#by-text', 'other-CLIENT');
    await eventually(async () => assert.match(await rows(page, 'exchanges').innerText(), /demo\/sensitive/));
    assert.equal(await text(page, '#history-count'), '1 of 3');
    await page.fill('#by-text', 'nothing has this');
    await eventually(async () => assert.match(await text(page, '#history-empty'), /No exchange passes/));
    await page.click('#clear');
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 3));
  });
});

test('a damaged exchange shows who did it, what was said, and the bytes', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const { id, clean } = await ask({ model: 'demo/splice' });
    assert.equal(clean, false);
    await eventually(async () => assert.match(await text(page, '#banner'), /provider.*second answer was spliced/));
    await page.click('#banner a');
    await eventually(async () => assert.equal(await text(page, '#exchange-title'), id));
    assert.match(await text(page, '#view'), /What you can do/);
    assert.match(await text(page, '#view .finding >> nth=0'), /splice reject/);
    await page.getByRole('tab', { name: 'Chat' }).click();
    await eventually(async () => assert.match(await text(page, '#view .said[data-kind=text] .words'), /You said/));
    assert.equal(await page.locator('#view .said[data-kind=reasoning]').count(), 1);
    await page.getByRole('tab', { name: 'Events' }).click();
    await eventually(async () => assert.match(await page.locator('#view tr[data-found]').first().innerText(), /splice reject/));
    await page.locator('#view tr[data-found] button').first().click();
    await eventually(async () => assert.match(await text(page, '#view'), /^Event \d+/));
    assert.match(await text(page, '#view pre'), /^[0-9a-f]{8}  .*\|$/m);
    await page.getByRole('tab', { name: 'Diff' }).click();
    await eventually(async () => assert.match(await text(page, '#view pre'), /were not delivered/));
    await page.getByRole('tab', { name: 'Timing' }).click();
    await eventually(async () => assert.ok((await page.locator('#view .waterfall rect').count()) >= 2));
    assert.match(page.url(), new RegExp(`#${id}/timing$`));
    await page.goBack();
    await eventually(async () => assert.equal(await page.locator('#tab-diff').getAttribute('aria-selected'), 'true'));
  });
});

test('where nothing was recorded it says how to turn it on', timed, async () => {
  await withDashboard(browser, { config: { top: { capture: { mode: 'rejected' } } } }, async ({ page, ask }) => {
    const { id } = await ask();
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 1));
    await openRow(page, id, 'Chat');
    await eventually(async () => assert.match(await text(page, '#view'), /No recording of this exchange[\s\S]*siltgate --capture all/));
  });
});

test('markup in an answer, a prompt, a model name or a client stays text', timed, async () => {
  const payload = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script></script><svg onload=alert(1)>';
  await withDashboard(browser, {}, async ({ page, ask }) => {
    const { id } = await ask({ prompt: payload, client: `<b>evil</b>/1.0`, session: '<i>session</i>' });
    await ask({ model: `demo/${payload}` });
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 2));
    await openRow(page, id);
    for (const view of ['Why', 'Chat', 'Events', 'Hex', 'Diff', 'Timing']) {
      await page.getByRole('tab', { name: view, exact: true }).click();
      await page.waitForTimeout(150);
      assert.equal(await page.locator('img, #view script, #view svg[onload], b, i').count(), 0, view);
    }
    await page.getByRole('tab', { name: 'Chat' }).click();
    await eventually(async () => assert.ok((await text(page, '#view')).includes(payload)));
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    // The browser itself would refuse markup out of strings: trusted types are required.
    assert.match(await page.evaluate(() => { try { document.body.innerHTML = '<p>x</p>'; return 'taken'; } catch (error) { return error.name; } }), /TypeError/);
    await page.evaluate(() => { window.violations = []; });
  });
});

test('everything is reached by keyboard', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    for (const prompt of ['one', 'two', 'three']) await ask({ prompt });
    await eventually(async () => assert.equal(await rows(page, 'exchanges').count(), 3));
    const focused = () => page.evaluate(() => document.activeElement.dataset.id ?? document.activeElement.id);
    const ids = await rows(page, 'exchanges').evaluateAll((list) => list.map((row) => row.dataset.id));
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), ids[0]);
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), ids[1]);
    await page.keyboard.press('Enter');
    await eventually(async () => assert.equal(await text(page, '#exchange-title'), ids[1]));
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), 'tab-chat');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), 'tab-timing');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#exchange').isVisible(), false);
    assert.equal(await focused(), ids[1]);
    await page.keyboard.press('/');
    assert.equal(await focused(), 'by-text');
    await page.keyboard.type('two');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    assert.equal(await page.locator('#key-help').isVisible(), true);
  });
});

test('a cap set here counts at once, until the configuration is read again', timed, async () => {
  await withDashboard(browser, {}, async ({ page, ask }) => {
    await ask();
    await eventually(async () => assert.match(await text(page, '#limits td.slots'), /0 of 1/));
    await page.click('#limits td.cap button');
    await page.fill('#cap-number', '3');
    await page.click('#cap-set');
    await eventually(async () => assert.match(await text(page, '#limits td.slots'), /0 of 3/));
    assert.match(await text(page, '#limits td.cap'), /set by you/);
    await page.click('#reload');
    await eventually(async () => assert.match(await text(page, '#limits td.slots'), /0 of 1/));
    assert.match(await text(page, '#toast'), /read again/);
  });
});

for (const [when_down, kept] of [['local', /goes on with the caps as configured/], ['refuse', /requests are refused/]])
  test(`a Redis that is down is named, with what that means: ${when_down}`, timed, async () => {
    const shared = { redis: 'redis://:s3cret@127.0.0.1:1', lease: '3s', when_down };
    await withDashboard(browser, { config: { top: { shared } } }, async ({ page }) => {
      await eventually(async () => assert.match(await text(page, '#notices'), /Redis at redis:\/\/127\.0\.0\.1:1\/0 is down for .*refused/));
      assert.match(await text(page, '#notices'), kept);
      assert.doesNotMatch(await page.content(), /s3cret/);
    });
  });

test('nobody without the token of this start, and no page of another site, can command', timed, async () => {
  await withDashboard(browser, {}, async ({ gate, page }) => {
    const token = await page.locator('meta[name=siltgate-token]').getAttribute('content');
    const status = async (headers) => (await fetch(`${gate.origin}/-/api/reload`, { method: 'POST', headers })).status;
    assert.equal(await status({}), 403);
    assert.equal(await status({ 'siltgate-token': token }), 403);
    assert.equal(await status({ 'siltgate-token': '0'.repeat(40), Origin: gate.origin }), 403);
    assert.equal(await status({ 'siltgate-token': token, Origin: 'http://evil.example' }), 403);
    assert.equal(await status({ 'siltgate-token': token, Origin: gate.origin, 'Sec-Fetch-Site': 'same-site' }), 403);
    assert.equal(await status({ 'siltgate-token': token, Origin: gate.origin }), 200);
    await page.click('#reload');
    await eventually(async () => assert.match(await text(page, '#toast'), /read again/));
  });
});

for (const width of [360, 768, 1280, 1920])
  test(`nothing scrolls sideways at ${width} pixels`, timed, async () => {
    await withDashboard(browser, { view: { viewport: { width, height: 800 }, colorScheme: width === 360 ? 'dark' : 'light' } }, async ({ page, ask }) => {
      const { id } = await ask({ model: 'demo/splice', prompt: 'a long prompt '.repeat(10), client: 'a-client-with-a-long-name/10.20.30' });
      const busy = await ask({ pace: 60 }, { wait: false });
      await eventually(async () => assert.equal(await rows(page, 'live').count(), 1));
      await ask({ prompt: 'waits' }, { wait: false });
      const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await eventually(async () => assert.equal(await rows(page, 'waiting').count(), 1));
      assert.equal(await sideways(), 0);
      for (const view of ['Why', 'Chat', 'Events', 'Hex', 'Diff', 'Timing']) {
        if (view === 'Why') await openRow(page, id, view);
        else await page.getByRole('tab', { name: view, exact: true }).click();
        await page.waitForTimeout(150);
        assert.equal(await sideways(), 0, view);
      }
      await busy.done;
    });
  });
