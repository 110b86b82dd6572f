// A person with a real browser, and an eye on what no person sees: requests, console, accessibility.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWPORTS = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

export class Visitor {
  #complaints = [];
  #requests = [];
  #responses = [];

  /** `look`: {screen, theme, script}. */
  static async arrive(browser, world, look, folder) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext({
      viewport: VIEWPORTS[look.screen],
      colorScheme: look.theme,
      javaScriptEnabled: look.script,
      hasTouch: look.screen === 'phone',
      deviceScaleFactor: 1,
    });
    Object.assign(visitor, { world, look, folder, page: await visitor.context.newPage() });
    visitor.#watch();
    return visitor;
  }

  #watch() {
    this.page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#complaints.push(message.text());
    });
    this.page.on('pageerror', (error) => this.#complaints.push(String(error)));
    this.page.on('request', (request) => this.#requests.push(request));
    this.page.on('response', (response) => this.#responses.push(response));
  }

  async open(url) {
    await this.page.goto(url, { waitUntil: 'load' });
  }

  /** Presses a button or follows a link, and waits for where that leads in the end. */
  async press(name) {
    const target = this.page.getByRole('button', { name, exact: true }).or(this.page.getByRole('link', { name, exact: true }));
    await target.click();
  }

  /** The page that is there now must be this one; the rest of what holds for every page is checked with it. */
  async sees(name, { title, heading, status, texts = [] }) {
    await this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor({ timeout: 10_000 });
    await this.page.waitForLoadState('load');
    assert.match(await this.page.title(), title);
    for (const text of texts) {
      const found = await this.page.locator('main').innerText();
      assert.ok(found.replace(/\s+/g, ' ').includes(text), `'${text}' is not in: ${found}`);
    }
    const answer = this.#responses.findLast((response) => response.request().isNavigationRequest());
    assert.equal(answer.status(), status, `status of ${answer.url()}`);
    assert.equal(await this.page.locator('html').getAttribute('lang'), 'en');
    await this.#fits();
    if (this.look.script) await this.#isAccessible(name);
    await this.photograph(name);
  }

  /** Nothing sticks out to the side, on whatever screen. */
  async #fits() {
    const { clientWidth, scrollWidth } = await this.page.evaluate(() => document.documentElement);
    if (clientWidth === undefined) return;
    assert.ok(scrollWidth <= clientWidth, `the page is ${scrollWidth} wide, the screen ${clientWidth}`);
  }

  async #isAccessible(name) {
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }));
    const shown = violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.html).join(' | ')}`);
    assert.deepEqual(shown, [], `accessibility of ${name}`);
  }

  async photograph(name) {
    const { screen, theme, script } = this.look;
    const file = `${name}-${screen}-${theme}${script ? '' : '-noscript'}.png`;
    await this.page.screenshot({ path: path.join(this.folder, file), fullPage: true });
  }

  /** Walks to a control by the keyboard alone, and makes sure that one sees where one is. */
  async tabTo(locator, mostSteps = 20) {
    for (let step = 0; step < mostSteps; step += 1) {
      await this.page.keyboard.press('Tab');
      if (await locator.evaluate((element) => element === document.activeElement)) {
        const outline = await locator.evaluate((element) => getComputedStyle(element).outlineStyle);
        assert.notEqual(outline, 'none', 'the focus cannot be seen');
        return;
      }
    }
    assert.fail(`the keyboard does not reach ${locator}`);
  }

  /** Nothing went wrong behind the person's back. `allowed` are complaints that are expected. */
  async leave(allowed = []) {
    const { world } = this;
    // What went over the wire; what the browser says of a request beforehand leaves the policy out.
    const sent = await Promise.all(this.#requests.map((request) => request.allHeaders()));
    await this.context.close();
    const complaints = this.#complaints.filter((text) => !allowed.some((pattern) => pattern.test(text)));
    assert.deepEqual(complaints, [], 'the console');
    const own = [world.url, world.oauthUrl, world.servicesUrl, world.logosUrl];
    const foreign = this.#requests.map((request) => request.url()).filter((url) => !own.some((origin) => url.startsWith(`${origin}/`)));
    assert.deepEqual(foreign, [], 'requests to others');
    const told = sent.map(({ referer = '' }) => referer).filter((referer) => referer.startsWith(world.url));
    assert.deepEqual(told, [], 'addresses that others were told');
  }
}
