// Acme, a vendor whose API is opened by a key in a header of its own, by a bearer token or by a name and password.
import { timingSafeEqual } from 'node:crypto';

import { answerJson, readBytes, readJson } from './http-answers.mjs';

/** What is kept for a while, by id: {name, type, content}. */
class Shelf {
  #kept = new Map();

  /** Reads a form with Node's own parser. */
  async keep(request) {
    const form = await new Response(await readBytes(request), { headers: { 'content-type': request.headers['content-type'] } }).formData();
    const file = form.get('file');
    const id = `file_${this.#kept.size + 1}`;
    this.#kept.set(id, { name: file.name, type: file.type, content: Buffer.from(await file.arrayBuffer()) });
    return { id, name: file.name, type: file.type, size: file.size, label: form.get('label') };
  }

  give(response, id) {
    const kept = this.#kept.get(id);
    if (!kept) return answerJson(response, 404, { error: { message: 'No such file' } });
    const name = `filename*=UTF-8''${encodeURIComponent(kept.name)}`;
    response.writeHead(200, { 'content-type': kept.type, 'content-disposition': `attachment; ${name}` });
    return response.end(kept.content);
  }
}

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

  const shelf = new Shelf();

  function wayIn(headers) {
    if (same(headers['x-acme-key'], credentials.key)) return 'key';
    if (same(headers.authorization, `Bearer ${credentials.token}`)) return 'token';
    if (same(headers.authorization, `Basic ${basic}`)) return 'password';
    return undefined;
  }

  return async function answerAcme(request, response, url) {
    const way = wayIn(request.headers);
    const isForm = request.headers['content-type']?.startsWith('multipart/form-data');
    const read = () => (isForm ? shelf.keep(request) : readJson(request));
    const body = request.method === 'POST' ? await read() : undefined;
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
    if (request.method === 'POST' && url.pathname === '/acme/files') return answerJson(response, 201, body);
    if (request.method === 'GET' && url.pathname.startsWith('/acme/files/')) {
      return shelf.give(response, url.pathname.slice('/acme/files/'.length));
    }
    return answerJson(response, 404, { error: { message: 'Nothing here' } });
  };
}
