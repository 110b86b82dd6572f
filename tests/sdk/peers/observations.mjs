// What a peer saw and handed out. The journeys read `calls` to prove that a request arrived and on whose behalf;
// the sweep reads `secrets`, each of which must exist nowhere but at the peer and inside Tenon's sealed columns.
const MEANINGFUL_LENGTH = 8;

export class Observations {
  #calls = [];
  #secrets = new Map();

  recordCall(call) {
    this.#calls.push({ number: this.#calls.length + 1, ...call });
  }

  recordSecret(kind, value) {
    // Shorter values would be found by accident in any log.
    if (typeof value === 'string' && value.length >= MEANINGFUL_LENGTH) this.#secrets.set(value, kind);
  }

  toJSON() {
    return {
      calls: this.#calls,
      secrets: [...this.#secrets].map(([value, kind]) => ({ kind, value })),
    };
  }
}
