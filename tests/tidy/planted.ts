import { expect, it } from "vitest";
import type { SourceFile, Violation } from "./source.ts";

export type Check = (files: readonly SourceFile[]) => readonly Violation[];

/** A path, a text that breaks the rule there, what the message says, and a clean twin of the text. */
export type Planted = readonly [path: string, planted: string, message: RegExp, clean: string];

/** Proves that a rule finds each planted violation, and exactly that one, and accepts its clean twin. */
export function provesRule(check: Check, rows: readonly Planted[]): void {
  for (const [path, planted, message, clean] of rows) {
    it(`finds ${excerpt(planted)} in ${path}`, () => {
      expect(messages(check, path, planted)).toEqual([expect.stringMatching(message)]);
    });
    it(`accepts ${excerpt(clean)} in ${path}`, () => {
      expect(messages(check, path, clean)).toEqual([]);
    });
  }
}

/** Runs a check over one planted file. */
export const messages = (check: Check, path: string, text: string): readonly string[] =>
  check([{ path, text }]).map(({ message }) => message);

const excerpt = (text: string): string => JSON.stringify(text.slice(0, 60));
