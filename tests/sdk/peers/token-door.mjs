// What the harness may do to tokens behind the protocol's back: hand one out as a person who pastes an existing
// token would have it, and kill those of a person, as a vendor does who revokes or loses them.
export function createTokenDoor(provider, observations) {
  const alive = new Set();
  provider.on('access_token.saved', (token) => alive.add(token));

  return {
    async mint({ client: clientId, login, scope }) {
      const client = await provider.Client.find(clientId);
      const grant = new provider.Grant({ accountId: login, clientId });
      grant.addOIDCScope(scope);
      const token = new provider.AccessToken({
        accountId: login, client, grantId: await grant.save(), gty: 'authorization_code', scope,
      });
      const value = await token.save();
      observations.recordSecret('access token', value);
      return { access_token: value };
    },

    /** Access tokens only: the person's refresh tokens go on working. */
    async kill({ login }) {
      const doomed = [...alive].filter((token) => token.accountId === login);
      for (const token of doomed) {
        alive.delete(token);
        await token.destroy();
      }
      return { killed: doomed.length };
    },
  };
}
