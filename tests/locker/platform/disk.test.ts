import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { hasDiskSpace } from "../../../src/locker/platform/disk.ts";

it("tells a disk with room to spare from one that is nearly full", () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  const freeBytes = bavail * bsize;
  expect([hasDiskSpace(tmpdir(), freeBytes / 2), hasDiskSpace(tmpdir(), freeBytes * 2)]).toEqual([true, false]);
});
