// Files through tools: paths in arguments and in results, which the SDK turns into uploads and downloads.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { succeeded } from './executing.mjs';
import { expect, expectEqual } from './steps.mjs';

const NAME = 'Grüße an alle.txt';
// More than a chunk of anything, and with letters of every length in UTF-8.
const CONTENT = Buffer.from(Array.from({ length: 20_000 }, (_, number) => `${number}: a ä € 😀\n`).join(''));

export async function visit(world) {
  const folder = mkdtempSync(join(tmpdir(), 'journey-files-'));
  try {
    writeFileSync(join(folder, NAME), CONTENT);
    if (world.speaksV3Only || world.given.is_public) {
      await byTheSdk(world, folder);
    } else {
      world.notInThisVersion('paths in arguments and results',
        'it refuses storage on loopback, with no option for it; the application brings and fetches the file instead');
    }
    await byTheApplication(world);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function byTheSdk(world, folder) {
  const composio = world.sdk(world.given.api_key, {
    dangerouslyAllowAutoUploadDownloadFiles: true, fileUploadDirs: [folder], fileDownloadDir: join(folder, 'fetched'),
  });
  const run = async (slug, args) => succeeded(await composio.tools.execute(slug, {
    userId: world.user, arguments: args, connectedAccountId: world.keyAccount, dangerouslySkipVersionCheck: true,
  }));
  let id;

  await world.step('a path in an argument is uploaded, and the vendor gets the file', async () => {
    const kept = await run('ACME_KEEP_FILE', { file: join(folder, NAME), label: 'by path' });
    // This SDK gives files names of its own.
    expect(kept.name.endsWith('.txt'), kept);
    expectEqual([kept.size, kept.label], [CONTENT.length, 'by path']);
    ({ id } = kept);
  });

  await world.step('a file in a result is downloaded, and it is what was uploaded', async () => {
    const { content } = await run('ACME_FETCH_FILE', { id });
    expectEqual(content.file_downloaded, true, 'downloaded');
    expect(readFileSync(content.uri).equals(CONTENT), 'another content');
  });
}

async function byTheApplication(world) {
  const run = async (slug, args) => succeeded(await world.run(slug, args, { connectedAccountId: world.keyAccount }));
  let id;

  await world.step('an uploaded file in an argument gets to the vendor', async () => {
    const announced = await announce(world);
    const brought = await fetch(announced.new_presigned_url, { method: 'PUT', body: CONTENT });
    expectEqual(brought.status, 200, 'status');
    const file = { name: NAME, mimetype: 'text/plain', s3key: announced.key };
    const kept = await run('ACME_KEEP_FILE', { file, label: 'by key' });
    expectEqual([kept.name, kept.type, kept.size], [NAME, 'text/plain', CONTENT.length]);
    ({ id } = kept);
  });

  await world.step('a file in a result can be fetched, and it is what was uploaded', async () => {
    const { content } = await run('ACME_FETCH_FILE', { id });
    expectEqual([content.name, content.mimetype], [NAME, 'text/plain']);
    const fetched = await fetch(content.s3url);
    expect(Buffer.from(await fetched.arrayBuffer()).equals(CONTENT), 'another content');
  });
}

async function announce(world) {
  const response = await fetch(`${world.given.base_url}/api/v3/files/upload/request`, {
    method: 'POST',
    headers: { 'x-api-key': world.given.api_key, 'content-type': 'application/json' },
    body: JSON.stringify({
      toolkit_slug: 'acme', tool_slug: 'ACME_KEEP_FILE', filename: NAME, mimetype: 'text/plain',
      md5: createHash('md5').update(CONTENT).digest('hex'),
    }),
  });
  return response.json();
}
