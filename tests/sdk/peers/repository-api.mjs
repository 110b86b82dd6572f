// A resource API that answers the few calls of the journeys the way GitHub's does, and that believes a bearer
// token only after it has found it, alive, in the OAuth server's own store.
import { answerEmpty, answerJson, readJson } from './http-answers.mjs';
import { people } from './people.mjs';

const MAY_WRITE = ['repo', 'public_repo'];

function repository(owner, name) {
  return { id: 1296269, name, full_name: `${owner}/${name}`, private: false, owner: { login: owner } };
}

const routes = [
  {
    method: 'GET',
    pattern: /^\/api\/user$/,
    answer: (response, { login }) => answerJson(response, 200, {
      login, id: people.get(login).id, name: people.get(login).name, type: 'User',
    }),
  },
  {
    method: 'GET',
    pattern: /^\/api\/repos\/([^/]+)\/([^/]+)$/,
    answer: (response, { captures: [owner, name] }) => (name === 'missing'
      ? answerJson(response, 404, { message: 'Not Found' })
      : answerJson(response, 200, repository(owner, name))),
  },
  {
    method: 'PUT',
    pattern: /^\/api\/user\/starred\/([^/]+)\/([^/]+)$/,
    writes: true,
    answer: (response) => answerEmpty(response, 204),
  },
  {
    method: 'POST',
    pattern: /^\/api\/repos\/([^/]+)\/([^/]+)\/issues$/,
    writes: true,
    answer: async (response, { login, request }) => {
      const { title, body = null } = await readJson(request);
      if (typeof title !== 'string') return answerJson(response, 422, { message: 'Validation Failed' });
      return answerJson(response, 201, { number: 1, title, body, state: 'open', user: { login } });
    },
  },
];

export function createRepositoryApi(provider, observations) {
  async function identify(request) {
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const found = token && await provider.AccessToken.find(token);
    return found && !found.isExpired ? found : undefined;
  }

  return async function handleApiCall(request, response, url) {
    const token = await identify(request);
    const seen = {
      peer: 'repositories',
      method: request.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      login: token?.accountId ?? null,
      scope: token?.scope ?? null,
    };
    response.on('finish', () => observations.recordCall({ ...seen, status: response.statusCode }));
    if (!token) {
      return answerJson(response, 401, { message: 'Bad credentials' }, { 'www-authenticate': 'Bearer' });
    }
    for (const route of routes) {
      const match = request.method === route.method && route.pattern.exec(url.pathname);
      if (!match) continue;
      if (route.writes && !MAY_WRITE.some((scope) => token.scopes.has(scope))) {
        return answerJson(response, 403, { message: 'Resource not accessible with the granted scopes' });
      }
      const captures = match.slice(1).map(decodeURIComponent);
      return route.answer(response, { login: token.accountId, captures, request });
    }
    return answerJson(response, 404, { message: 'Not Found' });
  };
}
