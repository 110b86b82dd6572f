// Starts an OAuth server for every way a client can prove itself, with registration and client credentials, and an
// API that believes only its tokens. Whoever is sent there consents at once.
//
//   PORT            where to listen on loopback; `READY http://127.0.0.1:PORT` is printed once it does
//   REDIRECT_URI    where Tenon receives authorization codes
//   CLIENTS         JSON: [{"id", "secret", "method", "grants"}]
//   TOKEN_SECONDS   how long an access token lives
import http from 'node:http';
import { Provider } from 'oidc-provider';

import { answerJson, listenAndAnnounce } from './http-answers.mjs';

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const api = `${issuer}/api`;
const seconds = Number(process.env.TOKEN_SECONDS);
const scopes = ['openid', 'offline_access', 'repo'];
const calls = [];

function registration({ id, secret, method, grants }) {
  const asksUsers = grants.includes('authorization_code');
  return {
    client_id: id,
    ...(secret && { client_secret: secret }),
    token_endpoint_auth_method: method,
    redirect_uris: asksUsers ? [process.env.REDIRECT_URI] : [],
    response_types: asksUsers ? ['code'] : [],
    grant_types: grants,
    application_type: 'web',
  };
}

const provider = new Provider(issuer, {
  clients: JSON.parse(process.env.CLIENTS).map(registration),
  scopes,
  cookies: { keys: ['signs the cookies of a server that lives as long as one test run'] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_context, resource) => {
        if (resource !== api) throw new Error(`no such resource: ${resource}`);
        return { scope: 'repo', accessTokenFormat: 'opaque', accessTokenTTL: seconds };
      },
    },
  },
  findAccount: (_context, login) => ({ accountId: login, claims: () => ({ sub: login }) }),
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  expiresWithSession: () => false,
  ttl: {
    AccessToken: seconds, ClientCredentials: seconds, AuthorizationCode: 60, Grant: 3_600, IdToken: 3_600,
    Interaction: 600, RefreshToken: 3_600, Session: 3_600,
  },
  renderError: (context, out) => {
    context.type = 'json';
    context.body = out;
  },
});
provider.on('server_error', (_context, error) => console.error('server_error', error));
provider.on('grant.error', (_context, error) => console.error('grant.error', error.error, error.error_detail));
provider.on('registration_create.error', (_context, error) => console.error('registration', error.error_description));
// RFC 7009 has 200 for a token that nobody knows as well; this comes only when a grant is gone.
provider.on('grant.revoked', (context) => {
  calls.push({ path: 'grant revoked', client: context.oidc?.client?.clientId });
});
provider.use(async (context, next) => {
  await next();
  const { path, status } = context;
  if (!['/token', '/token/revocation', '/reg'].includes(path)) return;
  const asked = context.oidc?.params ?? {};
  calls.push({
    path, status, grant: asked.grant_type, resource: asked.resource, client: context.oidc?.client?.clientId,
    method: context.oidc?.client?.tokenEndpointAuthMethod ?? context.oidc?.client?.clientAuthMethod,
    inHeader: /^basic /i.test(context.get('authorization')), verifier: Boolean(asked.code_verifier),
  });
});

async function consent(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: 'octocat', clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? '');
  if (params.resource) grant.addResourceScope(params.resource, 'repo');
  const result = { login: { accountId: 'octocat', remember: false }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

/** Whose token it is, if it is one that is alive. */
async function whoami(request, response) {
  const value = request.headers.authorization?.replace(/^Bearer /, '');
  const token = value && (await provider.AccessToken.find(value) ?? await provider.ClientCredentials.find(value));
  if (!token || token.isExpired) return answerJson(response, 401, { message: 'Bad credentials' });
  return answerJson(response, 200, { client: token.clientId, scope: token.scope, aud: token.aud });
}

const protocol = provider.callback();
const server = http.createServer((request, response) => {
  const route = async () => {
    const { pathname } = new URL(request.url, issuer);
    if (pathname.startsWith('/interaction/')) return consent(request, response);
    if (pathname === '/api/me') return whoami(request, response);
    if (pathname === '/__peer/calls') return answerJson(response, 200, calls);
    return protocol(request, response);
  };
  route().catch((error) => {
    console.error(error);
    if (!response.headersSent) answerJson(response, 500, { error: error.message });
  });
});
listenAndAnnounce(server, port);
