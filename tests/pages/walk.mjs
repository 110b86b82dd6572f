// Walks the hosted pages with Chromium: `node tests/pages/walk.mjs [part of a walk's name]`.
//
//   TENON_BIN               another binary than target/debug/tenon
//   PAGES_CHROMIUM          another browser than Debian's chromium or Google's chrome
//   PAGES_FOLDER            where the screenshots go; by default tenon-pages in the folder for temporary files
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { chromium } from 'playwright-core';

import { Visitor } from './visitor.mjs';
import { walks } from './walks.mjs';
import { World } from './world.mjs';

const LOOKS = [
  { screen: 'desktop', theme: 'light', script: true },
  { screen: 'desktop', theme: 'dark', script: true },
  { screen: 'phone', theme: 'light', script: true },
  { screen: 'phone', theme: 'dark', script: true },
  { screen: 'desktop', theme: 'light', script: false },
  { screen: 'phone', theme: 'dark', script: false },
];

const AT_A_TIME = 3;

const folder = process.env.PAGES_FOLDER ?? path.join(tmpdir(), 'tenon-pages');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const wanted = Object.entries(walks).filter(([name]) => name.includes(process.argv[2] ?? ''));

const world = await World.start();
const browser = await chromium.launch({
  executablePath: process.env.PAGES_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync),
  // The sandbox of Chromium refuses to run as root, as containers do; the pages are our own.
  args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-dev-shm-usage'],
});
let failures = 0;
try {
  await world.api('PATCH', '/org/project/config', {
    display_name: 'Harbour & Co. Assistant', logo_url: `${world.logosUrl}/app.svg`,
  });
  const waiting = [...LOOKS];
  const walkers = Array.from({ length: AT_A_TIME }, async () => {
    for (let look = waiting.shift(); look; look = waiting.shift()) failures += await walkAll(look);
  });
  await Promise.all(walkers);
} finally {
  await browser.close();
  await world.stop();
}
console.log(`\n${failures === 0 ? 'All walks end well' : `${failures} walks failed`}; screenshots: ${folder}`);
process.exitCode = failures === 0 ? 0 : 1;

async function walkAll(look) {
  const lines = [`# ${look.screen}, ${look.theme}, ${look.script ? 'with' : 'without'} JavaScript`];
  let failed = 0;
  for (const [name, walk] of wanted) failed += await take(name, walk, look, lines);
  console.log(lines.join('\n'));
  return failed;
}

async function take(name, walk, look, lines) {
  const visitor = await Visitor.arrive(browser, world, look, folder);
  visitor.page.setDefaultTimeout(10_000);
  try {
    await walk(world, visitor);
    lines.push(`ok ${name}`);
    return 0;
  } catch (error) {
    lines.push(`FAIL ${name}\n${error.stack}`);
    await visitor.photograph('FAIL').catch(() => {});
    await visitor.context.close();
    return 1;
  }
}
