// Steps that print how they ended, and the small checks inside them.
import { isDeepStrictEqual } from 'node:util';

export class Steps {
  failed = 0;

  /** A failed step is told and counted, and the journey goes on with the next one. */
  async step(name, body) {
    try {
      await body();
      console.log(`ok ${name}`);
    } catch (error) {
      this.failed += 1;
      console.error(error);
      console.log(`FAIL ${name}: ${describe(error)}`);
    }
  }

  notInThisVersion(name, reason) {
    console.log(`n/a ${name}: not in this version: ${reason}`);
  }
}

/** An error and what caused it, outermost first. */
export function chainOf(error) {
  const chain = [];
  for (let link = error; link && chain.length < 8; link = link.cause) chain.push(link);
  return chain;
}

function describe(error) {
  const text = chainOf(error).map((link) => `${link.name ?? 'thrown'}: ${link.message ?? link}`).join(' <- ');
  return text.replace(/\s+/g, ' ').slice(0, 600);
}

function show(value) {
  return typeof value === 'string' ? value : JSON.stringify(value)?.slice(0, 500) ?? String(value);
}

export function expect(condition, message) {
  if (!condition) throw new Error(show(message));
}

export function expectEqual(actual, expected, what = 'value') {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

/** Fails unless `action` throws an error called `name`, or one with a status out of `statuses` in its chain. */
export async function expectError({ name, statuses }, action) {
  let thrown;
  try {
    await action();
  } catch (error) {
    thrown = error;
  }
  const wanted = name ?? `status ${statuses.join(' or ')}`;
  if (thrown === undefined) throw new Error(`expected ${wanted}, but nothing was thrown`);
  const fits = name ? thrown.name === name : chainOf(thrown).some((link) => statuses.includes(link.status));
  if (!fits) throw new Error(`expected ${wanted}, got ${describe(thrown)}`, { cause: thrown });
  return thrown;
}

/** The error object that came over the wire. */
export function errorBody(error) {
  const carrier = chainOf(error).find((link) => typeof link.error?.error === 'object');
  if (!carrier) throw new Error(`no error object in ${describe(error)}`);
  return carrier.error.error;
}
