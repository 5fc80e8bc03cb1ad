import { describe, expect, it } from "vitest";
import { eventData } from "../../src/contract/events.ts";
import { eventsReference } from "./events-reference.ts";

describe("docs/reference/events.md", () => {
  it("says what the event schemas say", async () => {
    await expect(eventsReference()).toMatchFileSnapshot("../../docs/reference/events.md");
  });

  it("has a row for every event", () => {
    const rows = eventsReference().split("\n");
    for (const name of Object.keys(eventData)) {
      expect(rows.filter((row) => row.startsWith(`| \`${name}\` |`))).toHaveLength(1);
    }
  });
});
