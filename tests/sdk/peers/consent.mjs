// The two pages that a person meets at the OAuth server: who are you, and do you allow this?
import { answerPage, escapeHtml, readBody } from './http-answers.mjs';
import { people } from './people.mjs';

/** `approveEverythingAs`: a login that needs no form, for callers that can only follow redirects. */
export function createConsentPages(provider, approveEverythingAs) {
  async function allow(request, response, details, login) {
    const grant = new provider.Grant({ accountId: login, clientId: details.params.client_id });
    grant.addOIDCScope(details.params.scope ?? '');
    const consent = { grantId: await grant.save() };
    return finish(request, response, { login: { accountId: login, remember: false }, consent });
  }

  function finish(request, response, result) {
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  }

  function showForm(response, details, path, complaint = '') {
    if (details.prompt.name === 'login') {
      return answerPage(response, complaint ? 401 : 200, 'Sign in', `${complaint}
        <form method="post" action="${path}">
          <label>Login <input name="login" required></label>
          <label>Password <input name="password" type="password" required></label>
          <button name="decision" value="sign-in">Sign in</button>
        </form>`);
    }
    return answerPage(response, 200, 'Allow access?', `
      <p>${escapeHtml(details.params.client_id)} asks for <b>${escapeHtml(details.params.scope ?? 'nothing')}</b></p>
      <form method="post" action="${path}">
        <button name="decision" value="allow">Allow</button>
        <button name="decision" value="deny">Deny</button>
      </form>`);
  }

  return async function handleInteraction(request, response, path) {
    const details = await provider.interactionDetails(request, response);
    if (request.method === 'GET') {
      if (approveEverythingAs) return allow(request, response, details, approveEverythingAs);
      return showForm(response, details, path);
    }
    const form = new URLSearchParams(await readBody(request));
    if (details.prompt.name === 'login') {
      const login = form.get('login');
      if (people.get(login)?.password !== form.get('password')) {
        return showForm(response, details, path, '<p role="alert">Wrong login or password.</p>');
      }
      return finish(request, response, { login: { accountId: login, remember: false } });
    }
    if (form.get('decision') !== 'allow') {
      return finish(request, response, { error: 'access_denied', error_description: 'The person said no.' });
    }
    return allow(request, response, details, details.session.accountId);
  };
}
