// Acme, a vendor whose API is opened by a key in a header of its own, by a bearer token or by a name and password.
import { timingSafeEqual } from 'node:crypto';

import { answerJson, readJson } from './http-answers.mjs';

function same(offered, expected) {
  const [a, b] = [Buffer.from(offered ?? ''), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** `credentials`: {key, token, username, password}. */
export function createAcme(credentials, observations) {
  const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  observations.recordSecret('Acme key', credentials.key);
  observations.recordSecret('Acme token', credentials.token);
  observations.recordSecret('Acme password', credentials.password);
  observations.recordSecret('Acme password in Basic form', basic);

  function wayIn(headers) {
    if (same(headers['x-acme-key'], credentials.key)) return 'key';
    if (same(headers.authorization, `Bearer ${credentials.token}`)) return 'token';
    if (same(headers.authorization, `Basic ${basic}`)) return 'password';
    return undefined;
  }

  return async function answerAcme(request, response, url) {
    const way = wayIn(request.headers);
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    response.on('finish', () => observations.recordCall({
      peer: 'acme', method: request.method, path: url.pathname, way: way ?? null, body, status: response.statusCode,
    }));
    if (!way) return answerJson(response, 401, { error: { message: 'No such key, token or password' } });
    if (request.method === 'GET' && url.pathname === '/acme/me') {
      return answerJson(response, 200, { id: 'acct_1', name: 'Coyote', way });
    }
    if (request.method === 'POST' && url.pathname === '/acme/notes') {
      if (typeof body.title !== 'string') return answerJson(response, 422, { error: { message: 'title is missing' } });
      return answerJson(response, 201, { id: 'note_1', ...body });
    }
    return answerJson(response, 404, { error: { message: 'Nothing here' } });
  };
}
