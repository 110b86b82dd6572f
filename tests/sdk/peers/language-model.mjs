// A language model behind an OpenAI-compatible API. It understands "<title>: <text>" and asks for a title otherwise.
import { answerJson, readJson } from './http-answers.mjs';

const UNDERSTOOD = /^([^:]+): (.+)$/s;

function functionFor(tools, message) {
  const [, title, text] = UNDERSTOOD.exec(message) ?? [];
  const named = (property) => tools.find((tool) => property in tool.function.parameters.properties).function.name;
  if (title === undefined) return { name: named('question'), arguments: { question: 'What is the note about?' } };
  return { name: named('title'), arguments: { title, text } };
}

export function createLanguageModel(key, observations) {
  observations.recordSecret('Key of the language model', key);

  return async function answerModel(request, response, url) {
    const { model, messages, tools } = await readJson(request);
    response.on('finish', () => observations.recordCall({
      peer: 'model', method: request.method, path: url.pathname, model, status: response.statusCode,
    }));
    if (request.headers.authorization !== `Bearer ${key}`) {
      return answerJson(response, 401, { error: { message: 'No such key' } });
    }
    if (request.method !== 'POST' || url.pathname !== '/model/v1/chat/completions') {
      return answerJson(response, 404, { error: { message: 'No such path' } });
    }
    const said = messages.findLast(({ role }) => role === 'user').content;
    const { name, arguments: given } = functionFor(tools, said);
    const call = { id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify(given) } };
    return answerJson(response, 200, {
      id: 'chatcmpl-1', object: 'chat.completion', created: 1_767_225_600, model,
      choices: [{ index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', content: null, tool_calls: [call] } }],
    });
  };
}
