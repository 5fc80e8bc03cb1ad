declare const brand: unique symbol;

/** A value that only its own parser (or a named constructor) may make, so that two ids are never confused. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
