import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONSOLE_NOTICE_BEGIN, CONSOLE_NOTICE_END, consoleNotifier } from "../../src/vault/notifier/console.ts";
import type { PickupNotice } from "../../src/vault/notifier/notifier.ts";
import { smtpNotifier } from "../../src/vault/notifier/smtp.ts";
import { noticeText } from "../../src/vault/notifier/text.ts";
import { mailText, type SmtpReceiver, startSmtpReceiver } from "../support/smtp-receiver.ts";
import { soon } from "../support/soon.ts";
import { modelParcel, RFC_4226_SECRET } from "./sealing-locker.ts";
import { EMAIL, VaultWorld } from "./vault-world.ts";

const notice: PickupNotice = {
  to: { kind: "email", address: EMAIL },
  language: "en",
  lockerName: "Harbour station",
  lockerAddress: "3 Quay Street",
  code: "482910375",
  extension: "7082",
  messageName: "0123456789abcdef0123456789abcdef",
};

const smtpOptions = (port: number) =>
  ({
    host: "127.0.0.1",
    port,
    secure: false,
    credentials: undefined,
    from: "Lockers <lockers@carrier.example>",
  }) as const;

describe("the text of a notice", () => {
  it("says where, the code in groups of three, and when the extension is needed", () => {
    expect(noticeText(notice)).toEqual({
      subject: "Your parcel is waiting at Harbour station",
      body: expect.stringMatching(
        /Harbour station\n3 Quay Street\n\nPickup code: 482 910 375\nOnly if the screen asks.*7082\n/,
      ),
    });
  });

  it("says the same in Chinese", () => {
    const { subject, body } = noticeText({ ...notice, language: "zh-CN", lockerName: "海港驿站" });
    expect(subject).toContain("海港驿站");
    expect(body).toMatch(/海港驿站\n3 Quay Street\n\n取件码：482 910 375\n仅当屏幕要求.*：7082\n/);
  });

  it("keeps the code out of the subject, and has no link and no address of the recipient", () => {
    for (const language of ["en", "zh-CN"] as const) {
      const { subject, body } = noticeText({ ...notice, language });
      expect(subject).not.toMatch(/\d{3}/);
      expect(body).not.toMatch(/https?:|www\.|@|pay|付款/i);
    }
  });
});

describe("the console notifier", () => {
  it("prints one marked block without the recipient's address", async () => {
    const blocks: string[] = [];
    await consoleNotifier((block) => blocks.push(block)).send(notice, AbortSignal.timeout(1_000));
    expect(blocks).toHaveLength(1);
    const lines = blocks[0]?.split("\n") ?? [];
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual([CONSOLE_NOTICE_BEGIN, CONSOLE_NOTICE_END, ""]);
    expect(blocks[0]).toContain("482 910 375");
    expect(blocks[0]).not.toContain(EMAIL);
  });
});

describe("the SMTP notifier", () => {
  let receiver: SmtpReceiver;
  beforeEach(async () => {
    receiver = await startSmtpReceiver();
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  it("hands the mail over with a message id that stays the same", async () => {
    const { send } = smtpNotifier(smtpOptions(receiver.port));
    for (const language of ["en", "zh-CN"] as const) {
      expect(await send({ ...notice, language }, AbortSignal.timeout(5_000))).toEqual({ ok: true, value: undefined });
    }
    const [english, chinese] = receiver.mails;
    expect(english).toMatchObject({ from: "lockers@carrier.example", to: [EMAIL] });
    expect(english?.source).toContain("Message-ID: <0123456789abcdef0123456789abcdef@carrier.example>");
    expect(english === undefined ? "" : mailText(english)).toContain("Pickup code: 482 910 375");
    expect(chinese === undefined ? "" : mailText(chinese)).toContain("取件码：482 910 375");
  });

  for (const mood of ["refusing_recipients", "refusing_data"] as const) {
    it(`says in a word what failed when the server is ${mood.replace("_", " ")}`, async () => {
      receiver.setMood(mood);
      const sent = await smtpNotifier(smtpOptions(receiver.port)).send(notice, AbortSignal.timeout(5_000));
      expect(sent).toEqual({ ok: false, error: { code: "undelivered", cause: expect.stringMatching(/^E[A-Z]+$/) } });
      expect(JSON.stringify(sent)).not.toContain(EMAIL);
    });
  }

  it("gives up on a silent server when its time is over", async () => {
    receiver.setMood("silent");
    const sent = await smtpNotifier(smtpOptions(receiver.port)).send(notice, AbortSignal.timeout(200));
    expect(sent).toMatchObject({ ok: false, error: { code: "undelivered" } });
  });

  it("sends nothing in clear to another machine", async () => {
    // Reaches this machine under a name that is not loopback's; the server offers no STARTTLS.
    const options = { ...smtpOptions(receiver.port), host: "0.0.0.0" };
    const outside = await smtpNotifier(options).send(notice, AbortSignal.timeout(5_000));
    expect(outside).toEqual({ ok: false, error: { code: "undelivered", cause: "ETLS" } });
    expect(receiver.mails).toEqual([]);
  });

  it("carries a code from the locker's seal to the mailbox, and a server that was down delays it only", async () => {
    await using world = new VaultWorld();
    const port = await freePort();
    await world.restart(smtpNotifier(smtpOptions(port)));
    const parcel = { ...modelParcel(), secret: RFC_4226_SECRET };
    await world.announce(parcel);
    const issued = await world.issued(parcel);
    expect((await world.notice(issued)).statusCode).toBe(503);
    await world.restart(smtpNotifier(smtpOptions(receiver.port)));
    expect((await world.notice(issued)).json()).toEqual({ result: "notified" });
    await soon(() => expect(receiver.mails).toHaveLength(1));
    const [mail] = receiver.mails;
    expect(mail === undefined ? "" : mailText(mail)).toContain("Pickup code: 847 552 248");
    expect(world.logLines.join("")).toContain("ESOCKET");
    expect(world.logLines.join("")).not.toContain(EMAIL);
  });
});

/** A port nobody listens on any more. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return await promise;
}
