// Hacker News as its search API shows it: public, read-only, no credentials at all.
import { answerJson } from './http-answers.mjs';

const authors = {
  pg: { username: 'pg', about: 'Wrote a Lisp, then a company, then essays.', karma: 157_316 },
  dang: { username: 'dang', about: 'Keeps the conversation civil.', karma: 88_012 },
};
const stories = [
  { objectID: '1', title: 'Y Combinator', author: 'pg', points: 57, num_comments: 15, url: 'http://ycombinator.com' },
  { objectID: '8863', title: 'A file that syncs', author: 'dhouston', points: 104, num_comments: 71, url: null },
  { objectID: '121003', title: 'Ask: the Arc challenge', author: 'tel', points: 25, num_comments: 16, url: null },
];

function searchResult(parameters) {
  const words = (parameters.get('query') ?? '').toLowerCase();
  const perPage = Number(parameters.get('hitsPerPage') ?? 20);
  const hits = stories.filter((story) => story.title.toLowerCase().includes(words)).slice(0, perPage);
  return { hits, nbHits: hits.length, page: 0, nbPages: 1, hitsPerPage: perPage, query: words };
}

export function answerHackerNews(request, response, url) {
  const [, resource, key] = /^\/hn\/v1\/([a-z_]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  if (request.method !== 'GET') return answerJson(response, 405, { message: 'Method not allowed' });
  if (resource === 'users' && authors[key]) return answerJson(response, 200, authors[key]);
  if (resource === 'items') {
    const story = stories.find(({ objectID }) => objectID === key);
    if (story) return answerJson(response, 200, { ...story, id: Number(key), type: 'story', children: [] });
  }
  if (resource === 'search' || resource === 'search_by_date') {
    return answerJson(response, 200, searchResult(url.searchParams));
  }
  return answerJson(response, 404, { status: 404, error: 'Not Found' });
}
