// The OAuth server itself: the certified oidc-provider, set up as strictly as the strictest vendors are.
import { Provider } from 'oidc-provider';

import { people } from './people.mjs';

const SCOPES = [
  'openid', 'offline_access', 'repo', 'public_repo', 'user', 'user:email', 'read:user', 'read:org', 'gist',
  'notifications', 'project', 'workflow', 'codespace', 'delete_repo', 'admin:repo_hook', 'write:discussion',
];

function registration(clientId, clientSecret, authenticationMethod, redirectUri) {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    token_endpoint_auth_method: authenticationMethod,
    redirect_uris: [redirectUri],
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  };
}

export function createProvider({ issuer, clients, redirectUri, accessTokenSeconds, observations }) {
  const provider = new Provider(issuer, {
    clients: clients.map(({ id, secret, method }) => registration(id, secret, method, redirectUri)),
    scopes: SCOPES,
    cookies: { keys: ['signs the cookies of a server that lives as long as one test run'] },
    // Tenon has to prove with every code that it is the one who asked for it.
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    findAccount: (_context, login) => people.has(login) && {
      accountId: login,
      claims: () => ({ sub: login, name: people.get(login).name }),
    },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
    // A used refresh token is dead, and using it again kills the whole grant.
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 3_600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 3_600,
    },
    renderError: (context, out) => {
      context.type = 'json';
      context.body = out;
    },
  });

  provider.on('server_error', (_context, error) => console.error('server_error', error));
  provider.on('grant.error', (_context, error) => console.error('grant.error', error.error, error.error_detail));
  for (const { secret } of clients) observations.recordSecret('client secret', secret);
  watchTokenEndpoint(provider, observations);
  refuseTheOtherWayOfAuthenticating(provider, clients);
  return provider;
}

/**
 * oidc-provider takes a secret in the header or in the body, whichever a client is registered for.
 * Many vendors do not, so this server does not either.
 */
function refuseTheOtherWayOfAuthenticating(provider, clients) {
  const methodOf = new Map(clients.map(({ id, method }) => [id, method]));
  provider.use(async (context, next) => {
    await next();
    const clientId = context.oidc?.client?.clientId;
    if (context.path !== '/token' || !clientId) return;
    const used = /^basic /i.test(context.get('authorization')) ? 'client_secret_basic' : 'client_secret_post';
    if (used === methodOf.get(clientId)) return;
    context.status = 401;
    context.body = { error: 'invalid_client', error_description: `registered for ${methodOf.get(clientId)}` };
  });
}

/** Notes every credential that passes the token endpoint, in either direction. */
function watchTokenEndpoint(provider, observations) {
  provider.use(async (context, next) => {
    await next();
    if (context.path !== '/token') return;
    const asked = context.oidc?.params ?? {};
    const answered = context.body ?? {};
    observations.recordCall({
      peer: 'oauth',
      method: 'POST',
      path: '/token',
      grant: asked.grant_type,
      client: context.oidc?.client?.clientId,
      status: context.status,
    });
    observations.recordSecret('authorization code', asked.code);
    observations.recordSecret('PKCE verifier', asked.code_verifier);
    observations.recordSecret('refresh token', asked.refresh_token);
    observations.recordSecret('access token', answered.access_token);
    observations.recordSecret('refresh token', answered.refresh_token);
  });
}
