/**
 * Nothing runs until a person has put something right: a configuration, a key, a certificate, a database, a layout.
 * The message is for that person: sentences that say where, what is wrong and what belongs there, and no secret.
 */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
}
