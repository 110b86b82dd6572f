// What an application does with the TypeScript SDK, step by step, against a server of its own.
//   node journey.mjs FOLDER_OF_THE_SDK BRIEFING
import * as accounts from './journey/accounts.mjs';
import * as authConfigs from './journey/auth-configs.mjs';
import * as changingSessions from './journey/changing-sessions.mjs';
import * as connecting from './journey/connecting.mjs';
import * as customTools from './journey/custom-tools.mjs';
import * as executing from './journey/executing.mjs';
import * as files from './journey/files.mjs';
import * as findingTools from './journey/finding-tools.mjs';
import * as importing from './journey/importing.mjs';
import * as keysAndTenants from './journey/keys-and-tenants.mjs';
import * as leaving from './journey/leaving.mjs';
import * as mcpServers from './journey/mcp-servers.mjs';
import * as metaTools from './journey/meta-tools.mjs';
import * as pinning from './journey/pinning.mjs';
import * as proxying from './journey/proxying.mjs';
import * as schemes from './journey/schemes.mjs';
import * as sessionSettings from './journey/session-settings.mjs';
import * as sessions from './journey/sessions.mjs';
import * as tailoring from './journey/tailoring.mjs';
import * as toolkits from './journey/toolkits.mjs';
import { World } from './journey/world.mjs';

const areas = [
  toolkits, authConfigs, connecting, accounts, findingTools, executing, metaTools, sessions, sessionSettings,
  changingSessions, customTools, mcpServers, files, pinning, proxying, tailoring, importing, schemes, keysAndTenants,
  leaving,
];

const world = await World.create(process.argv[2], process.argv[3]);
console.log(`# @composio/core ${world.sdkVersion}, ${world.speaksV3Only ? '/api/v3' : '/api/v3.1'}`);
for (const area of areas) await area.visit(world);
console.log('# the journey is over');
process.exit(world.failed > 0 ? 1 : 0);
