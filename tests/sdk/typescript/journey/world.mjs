// The journey's side of the world: the SDK, the peers, and what passed between SDK and server.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Steps } from './steps.mjs';

export const octocat = { login: 'octocat', password: 'tentacles-and-whiskers' };
export const hubot = { login: 'hubot', password: 'beep-boop-beep' };

/** Handed from area to area; what one makes, another uses. */
export class World extends Steps {
  // Two users of the app, who hold accounts at the same provider. The second one's stay when the journey ends.
  user = 'journey-user';
  otherUser = 'journey-user-two';

  static async create(folder, briefing) {
    const world = new World();
    const load = (path) => import(pathToFileURL(resolve(path)).href);
    const installed = join(folder, 'node_modules', '@composio', 'core', 'package.json');
    world.sdkVersion = JSON.parse(readFileSync(installed, 'utf8')).version;
    // The era is told by which API prefix the SDK calls.
    world.speaksV3Only = Number(world.sdkVersion.split('.')[1]) < 9;
    world.core = await load(join(folder, 'sdk.mjs'));
    world.given = JSON.parse(readFileSync(briefing, 'utf8'));
    world.visit = (await load(world.given.person)).visit;
    world.composio = world.sdk(world.given.api_key);
    return world;
  }

  sdk(apiKey, options = {}) {
    return new this.core.Composio({
      apiKey, baseURL: this.given.base_url, allowTracking: false, disableVersionCheck: true, ...options,
    });
  }

  /** Sends a person with a browser through login and consent; returns where they ended. */
  async personConsents(url, person, decision = 'allow') {
    return this.visit({ url, answers: { ...person, decision }, until: this.given.app_url });
  }

  /** The calls that arrived at a peer and look like `wanted`. */
  async calls(peer, wanted = {}) {
    const base = ['acme', 'hackernews', 'ledger', 'assertions', 'model'].includes(peer) ? this.given.services_url : this.given.oauth_url;
    const { calls } = await (await fetch(`${base}/__peer/observations`)).json();
    return calls.filter((call) => call.peer === peer
      && Object.entries(wanted).every(([name, value]) => call[name] === value));
  }

  /** What a customer of Ledger holds, by scheme; tokens among it are new each time. */
  async ledgersCredentials() {
    return (await fetch(`${this.given.services_url}/__peer/ledger`)).json();
  }

  async askOauthPeer(door, body) {
    const response = await fetch(`${this.given.oauth_url}/__peer/${door}`, { method: 'POST', body: JSON.stringify(body) });
    return response.json();
  }

  /** Executes the newest version of a tool. */
  run(slug, args, options = {}) {
    return this.composio.tools.execute(slug, {
      userId: this.user, arguments: args, dangerouslySkipVersionCheck: true, ...options,
    });
  }
}
