// The people who have an account at the OAuth server. Each answers the login form with their own password,
// and the resource API tells them apart, so a journey can see whose token a call was made with.
export const people = new Map([
  ['octocat', { password: 'tentacles-and-whiskers', id: 583231, name: 'Mona Lisa Octocat' }],
  ['hubot', { password: 'beep-boop-beep', id: 480938, name: 'Hubot' }],
]);
