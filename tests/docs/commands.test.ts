import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { AnnounceParcelRequest, CreateCourierRequest } from "../../src/contract/fleet-api.ts";
import { jsonParser } from "../../src/contract/parse.ts";
import { ContactRequest } from "../../src/contract/vault-api.ts";
import { loadKeys } from "../../src/locker/platform/keys.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type CommandBlock, commandBlocks, elsewhere, runnable } from "./commands.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const blocks = commandBlocks(root);
const known = Object.values(elsewhere).flat();
/** Calls of the APIs: their bodies are what can be wrong about them. */
const isApiBlock = ({ text }: CommandBlock): boolean => /^curl .*--json/m.test(text);

const isRun = ({ text }: CommandBlock): boolean => runnable.some((each) => each.text === text);
const isListed = ({ text }: CommandBlock): boolean =>
  known.includes(text) || text.split("\n").every((line) => known.includes(line));

/** As a person types it, with the node that comes with the dependencies. */
const shell = (text: string, cwd: string, env: Readonly<Record<string, string>> = {}) =>
  spawnSync("/bin/sh", ["-ec", text], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter), ...env },
  });

describe("the commands in the documents", () => {
  it("are all run here, or listed with what looks at them instead", () => {
    expect(blocks.length).toBeGreaterThan(20);
    const forgotten = blocks.filter((block) => !isRun(block) && !isListed(block) && !isApiBlock(block));
    expect(forgotten).toEqual([]);
  });

  it("are all still there: a list that knows more than the documents hides what was forgotten", () => {
    const lines = new Set(blocks.flatMap(({ text }) => [text, ...text.split("\n")]));
    expect([...runnable.map(({ text }) => text), ...known].filter((text) => !lines.has(text))).toEqual([]);
  });

  it.each(blocks)("$page:$line is read by a shell", ({ text }) => {
    expect(spawnSync("/bin/sh", ["-n"], { input: text, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });

  it("name files of the repository that exist", () => {
    const named = blocks.flatMap(({ text }) => [
      ...text.matchAll(/(?:\/opt\/lockerd\/|\s)((?:docs|systemd|src|sim|bench|tests)\/[\w./-]+)/g),
    ]);
    expect(named.length).toBeGreaterThan(10);
    expect(named.map((match) => match[1] ?? "").filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(runnable.filter((each) => each.in === "repository"))("$text", { timeout: 60_000 }, ({ text, prints }) => {
    const run = shell(text, root);
    expect(run.stderr).toBe("");
    expect(run.stdout).toMatch(prints);
    expect(run.status).toBe(0);
  });

  it("call the APIs with bodies those take", () => {
    const script = blocks
      .filter(isApiBlock)
      .map(({ text }) => text)
      .join("\n");
    // Prints what would be sent.
    const curl = `curl() { while [ "$1" != --json ]; do shift; done; printf '%s\\n' "$2"; }\n`;
    const run = shell(curl + script, root, { OPERATOR_KEY: "operator", CARRIER_KEY: "carrier" });
    const [courier = "", contact = "", parcel = ""] = run.stdout.trim().split("\n");
    expect(jsonParser(CreateCourierRequest)(courier)).toMatchObject({ ok: true });
    expect(jsonParser(ContactRequest)(contact)).toMatchObject({ ok: true });
    expect(jsonParser(AnnounceParcelRequest)(parcel)).toMatchObject({ ok: true });
  });
});

describeWithTools(["openssl"], "the commands that make keys and certificates", () => {
  const scratch = mkdtempSync(join(tmpdir(), "lockerd-commands-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const inOrder = runnable.filter((each) => each.in === "scratch");

  it.each(inOrder)("$text", ({ text, prints }) => {
    const run = shell(text, scratch);
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toMatch(prints);
  });

  it("make keys a locker takes, which nobody else can read", () => {
    const printed = shell(inOrder.find(({ text }) => text.startsWith("for key"))?.text ?? "", scratch).stdout;
    const publicHalf = (key: string) => new RegExp(`^${key} (.*)$`, "m").exec(printed)?.[1] ?? "";
    const keys = loadKeys({
      keys: {
        signingKeyFile: join(scratch, "signing-key"),
        sealingKeyFile: join(scratch, "sealing-key"),
        boardKeyFile: join(scratch, "board-key"),
        pepperFile: join(scratch, "pepper"),
      },
      fleet: { commandKey: publicHalf("command-key") },
      vault: { sealingKey: publicHalf("sealing-key") },
    });
    expect(keys).toMatchObject({ ok: true, value: { exposedFiles: [] } });
  });
});
