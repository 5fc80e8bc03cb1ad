/** Says whether a value that came from another process is what it should be. Nothing is coerced. */
export type Guard<T> = (value: unknown) => value is T;

export type Guarded<G> = G extends Guard<infer T> ? T : never;

type Guards = Readonly<Record<string, Guard<unknown>>>;
type Shape<Required extends Guards, Optional extends Guards> = {
  readonly [K in keyof Required]: Guarded<Required[K]>;
} & { readonly [K in keyof Optional]?: Guarded<Optional[K]> };

const none: Readonly<Record<never, Guard<unknown>>> = {};

/** An object with exactly these keys. */
export function shape<Required extends Guards, Optional extends Guards = typeof none>(
  required: Required,
  optional: Optional = none as Optional,
): Guard<Shape<Required, Optional>> {
  return (value): value is Shape<Required, Optional> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const fields: Readonly<Record<string, unknown>> = { ...value };
    if (!Object.keys(required).every((key) => Object.hasOwn(fields, key))) return false;
    return Object.entries(fields).every(([key, field]) => {
      const guard = Object.hasOwn(required, key) ? required[key] : Object.hasOwn(optional, key) ? optional[key] : null;
      return guard?.(field) ?? false;
    });
  };
}

export const literal =
  <const T extends string | number | null>(...allowed: readonly T[]): Guard<T> =>
  (value): value is T =>
    allowed.some((one) => one === value);

export const listOf =
  <T>(item: Guard<T>): Guard<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(item);

export const either =
  <A, B>(a: Guard<A>, b: Guard<B>): Guard<A | B> =>
  (value): value is A | B =>
    a(value) || b(value);

/** A union of objects told apart by `kind`. */
export const byKind =
  <T>(guards: Readonly<Record<string, Guard<T>>>): Guard<T> =>
  (value): value is T => {
    if (typeof value !== "object" || value === null || !("kind" in value) || typeof value.kind !== "string")
      return false;
    return Object.hasOwn(guards, value.kind) && (guards[value.kind]?.(value) ?? false);
  };

export const integer =
  (min: number, max: number): Guard<number> =>
  (value): value is number =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;

export const finite: Guard<number> = (value): value is number => typeof value === "number" && Number.isFinite(value);

/** A text of a pattern. `T` is for branded texts, whose only other parser is the pattern. */
export const text =
  <T extends string = string>(pattern: RegExp): Guard<T> =>
  (value): value is T =>
    typeof value === "string" && pattern.test(value);
