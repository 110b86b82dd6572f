// A person with a browser: follows redirects, keeps cookies, fills the forms that come up, presses the button.
// No page needs a script, so none is run.
//
// As a program: `node person.mjs '{"url", "answers", "until"}'` prints {"url", "status", "title", "visited"}.
import { pathToFileURL } from 'node:url';

import { parse } from 'node-html-parser';
import { CookieJar } from 'tough-cookie';

const MOST_PAGES = 25;
const REDIRECTS = [301, 302, 303, 307, 308];

class Browser {
  #cookies = new CookieJar();
  visited = [];

  async open(url, { method = 'GET', body, origin } = {}) {
    if (this.visited.length >= MOST_PAGES) throw new Error(`going in circles: ${this.visited.join(' -> ')}`);
    this.visited.push(url);
    const response = await fetch(url, {
      method,
      body,
      redirect: 'manual',
      headers: {
        accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
        'user-agent': 'Mozilla/5.0 (a person in a Tenon journey)',
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(origin && { origin }),
        ...(await this.#cookieHeader(url)),
      },
    });
    for (const cookie of response.headers.getSetCookie()) await this.#cookies.setCookie(cookie, url);
    const text = await response.text();
    if (REDIRECTS.includes(response.status)) {
      return this.open(new URL(response.headers.get('location'), url).href);
    }
    // Some pages lead on by themselves: `Refresh: 0; url=...`.
    const onward = response.headers.get('refresh')?.match(/^0; url=(.+)$/);
    if (onward) return this.open(new URL(onward[1], url).href);
    return { url, status: response.status, document: parse(text), text };
  }

  async #cookieHeader(url) {
    const cookie = await this.#cookies.getCookieString(url);
    return cookie === '' ? {} : { cookie };
  }
}

/** The value that a field has on the page; none for a box that is not ticked. */
function standingIn(field) {
  if (field.tagName === 'TEXTAREA') return field.text.replace(/^\n/, '');
  if (field.tagName === 'SELECT') return field.querySelector('option[selected]')?.getAttribute('value') ?? '';
  if (field.getAttribute('type') === 'checkbox' && !field.hasAttribute('checked')) return undefined;
  return field.getAttribute('value') ?? '';
}

/** What a browser would send: the fields as they stand on the page, the person's answers, the pressed button. */
function fillForm(form, answers) {
  const data = new URLSearchParams();
  for (const field of form.querySelectorAll('input, textarea, select')) {
    const name = field.getAttribute('name');
    if (!name || field.getAttribute('type') === 'submit') continue;
    const given = answers[name] ?? standingIn(field);
    if (given === undefined) continue;
    if (given === '' && field.hasAttribute('required')) {
      throw new Error(`the page asks for '${name}', and the person has no answer; known: ${Object.keys(answers)}`);
    }
    data.append(name, given);
  }
  const buttons = form.querySelectorAll('button[name]');
  const pressed = buttons.find((button) => answers[button.getAttribute('name')] === button.getAttribute('value'))
    ?? buttons[0];
  if (pressed) data.append(pressed.getAttribute('name'), pressed.getAttribute('value') ?? '');
  return data;
}

/**
 * Goes on from `url` until the address begins with `until`, or a page has no form, or a form comes back refused.
 * `answers` maps field names, and names of buttons, to values.
 */
export async function visit({ url, answers = {}, until }) {
  const browser = new Browser();
  let page = await browser.open(url);
  while (!(until && page.url.startsWith(until))) {
    const form = page.document.querySelector('form');
    if (!form || page.status >= 400) break;
    const action = new URL(form.getAttribute('action') || page.url, page.url);
    const data = fillForm(form, answers);
    if ((form.getAttribute('method') ?? 'get').toLowerCase() === 'get') {
      action.search = data.toString();
      page = await browser.open(action.href);
    } else {
      page = await browser.open(action.href, { method: 'POST', body: data.toString(), origin: new URL(page.url).origin });
    }
  }
  return {
    url: page.url,
    status: page.status,
    title: page.document.querySelector('title')?.text ?? '',
    text: page.text,
    visited: browser.visited,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(JSON.stringify(await visit(JSON.parse(process.argv[2]))));
}
