import { describe, expect, it } from "vitest";
import { createLog } from "../../../src/locker/platform/log.ts";

function logged(env: Record<string, string> = {}) {
  const lines: string[] = [];
  return { lines, log: createLog("debug", env, (line) => lines.push(line)) };
}

describe("the log", () => {
  it("is one JSON object a line, with its level by name", () => {
    const { lines, log } = logged();
    log.warn({ compartment: 3 }, "unlock failed");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith("\n")).toBe(true);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "warn",
      time: expect.any(Number),
      compartment: 3,
      msg: "unlock failed",
    });
  });

  it("carries the journal's priorities under systemd", () => {
    const { lines, log } = logged({ JOURNAL_STREAM: "8:1234" });
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]({}, "said");
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["<7>{", "<6>{", "<4>{", "<3>{"]);
  });

  it("keeps out lines below its level", () => {
    const lines: string[] = [];
    const log = createLog("warn", {}, (line) => lines.push(line));
    log.info({}, "started");
    expect(lines).toEqual([]);
  });

  it.each(["code", "pin", "accessToken", "totp_secret", "parcelVerifier", "phone", "qrToken", "PIN"])(
    "never shows a field named %s, however deep",
    (name) => {
      const { lines, log } = logged();
      log.error({ [name]: "482910375", inner: [{ deeper: { [name]: "482910375" } }] }, "said");
      expect(lines.join("")).not.toContain("482910375");
      expect(lines.join("")).toContain("[redacted]");
    },
  );

  it("shows codes that open nothing", () => {
    const { lines, log } = logged();
    log.error({ exitCode: 3, statusCode: 503, shipping: "x", pinned: true, encoder: "y" }, "said");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      exitCode: 3,
      statusCode: 503,
      shipping: "x",
      pinned: true,
      encoder: "y",
    });
  });

  it("tells an error with its causes", () => {
    const { lines, log } = logged();
    log.error({ cause: new Error("open bus", { cause: new Error("EACCES") }) }, "start failed");
    expect(lines[0]).toContain("open bus");
    expect(lines[0]).toContain("EACCES");
  });
});
