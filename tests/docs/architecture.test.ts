import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { keyField } from "../../src/locker/domain/model.ts";

const root = new URL("../../", import.meta.url).pathname;
const text = readFileSync(`${root}docs/architecture.md`, "utf8");

/** Where the paths of the page start. */
const STARTS = ["", "src/", "src/locker/"];

/** The part of the document under a heading. */
const section = (heading: string): string => text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";

/** What the first column of the tables in a text names. */
const firstColumn = (part: string): readonly string[] =>
  [...part.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? "");

/** Paths to TypeScript files, as the page shortens them. */
const filesNamed = (): readonly string[] =>
  [...text.matchAll(/`([a-z0-9/-]+\/[a-z0-9-]+\.ts)`/g)].map((match) => match[1] ?? "");

describe("docs/architecture.md", () => {
  it("names every table of the state, and no other", () => {
    expect([...firstColumn(section("State"))].sort()).toEqual(Object.keys(keyField).sort());
  });

  it("names folders and files that exist", () => {
    const places = [...firstColumn(section("Folders")), ...filesNamed()];
    expect(places.length).toBeGreaterThan(40);
    const isMissing = (place: string) => STARTS.every((start) => !existsSync(`${root}${start}${place}`));
    expect(places.filter(isMissing)).toEqual([]);
  });
});
