// The user with Chromium: `node consent.mjs LINK APP_URL`. Follows a link to connect, signs in, allows what is asked, and
// prints the address where the application's page is shown in the end.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const pages = path.join(import.meta.dirname, '..', 'pages', 'package.json');
const { chromium } = createRequire(pages)('playwright-core');
const [link, app] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.PAGES_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync),
  // The sandbox of Chromium refuses to run as root, as containers do; the pages are our own.
  args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(link);
  // Our page tells who asks for what; its button leads to the provider.
  await page.locator('button[value=connect]').click();
  await page.locator('input[name=login]').fill('octocat');
  await page.locator('input[name=password]').fill('tentacles-and-whiskers');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.waitForURL((url) => url.href.startsWith(app));
  console.log(page.url());
} finally {
  await browser.close();
}
