import { type Argon2Parameters, argon2 } from "node:crypto";

/** argon2id off the event loop. */
export type SlowHash = (parameters: Argon2Parameters) => Promise<Buffer>;

/**
 * argon2id, one at a time: two at once on a small board would take twice the memory and starve the rest of the thread
 * pool, where the database's backups and file reads run.
 */
export function createSlowHash(): SlowHash {
  let last: Promise<unknown> = Promise.resolve();
  return (parameters) => {
    const turn = last.then(() => hashOnce(parameters));
    last = turn.catch(() => undefined);
    return turn;
  };
}

const hashOnce = (parameters: Argon2Parameters): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    argon2("argon2id", parameters, (error, hash) => (error === null ? resolve(hash) : reject(error)));
  });
