/** Ends a switch over a union: the compiler refuses a case that was left out. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
