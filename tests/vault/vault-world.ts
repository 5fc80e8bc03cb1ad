import { generateKeyPairSync, hash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { VaultNotice } from "../../src/contract/messages.ts";
import { err, ok } from "../../src/contract/result.ts";
import { epochMs } from "../../src/contract/time.ts";
import { NOTICE_CONTENT_TYPE } from "../../src/contract/vault-api.ts";
import type { Notifier, PickupNotice } from "../../src/vault/notifier/notifier.ts";
import { createVault, type Vault } from "../../src/vault/service.ts";
import { type ModelParcel, type SealFaults, sealingLocker, sealSecret, signNotice } from "./sealing-locker.ts";

/** A notifier that keeps what it was given, and fails or stalls when told to. */
export class ModelNotifier implements Notifier {
  readonly sent: PickupNotice[] = [];
  failing = false;
  readonly tried: PickupNotice[] = [];
  #gate: Promise<void> | undefined;

  /** Holds every notice back until the returned function is called. */
  stall(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return () => {
      this.#gate = undefined;
      resolve();
    };
  }

  async send(notice: PickupNotice) {
    this.tried.push(notice);
    await this.#gate;
    if (this.failing) return err({ code: "undelivered", cause: "ECONNREFUSED" } as const);
    this.sent.push(notice);
    return ok(undefined);
  }
}

export const CARRIER_KEY = randomBytes(24).toString("base64url");
export const OTHER_CARRIER_KEY = randomBytes(24).toString("base64url");
export const EMAIL = "canary.recipient.7391@parcels.example";
export const START = epochMs(Date.UTC(2026, 10, 21, 8));

/** A vault on a real database in a folder of its own, with a clock and a timer the test turns by hand. */
export class VaultWorld {
  readonly folder = mkdtempSync(join(tmpdir(), "lockerd-vault-"));
  readonly database = join(this.folder, "vault.db");
  readonly masterKey = randomBytes(32);
  readonly sealing = generateKeyPairSync("x25519");
  readonly fleet = generateKeyPairSync("ed25519");
  readonly locker = sealingLocker();
  readonly otherLocker = sealingLocker();
  readonly notifier = new ModelNotifier();
  readonly logLines: string[] = [];
  readonly timers: { readonly periodMs: number; readonly run: () => void }[] = [];
  now: number = START;
  vault: Vault;

  constructor() {
    this.vault = this.start();
  }

  start(notifier: Notifier = this.notifier): Vault {
    const sink = { write: (line: string): void => void this.logLines.push(line) };
    this.timers.length = 0;
    this.vault = createVault({
      database: this.database,
      masterKey: this.masterKey,
      sealingKey: this.sealing.privateKey,
      fleetKey: this.fleet.publicKey,
      lockers: new Map(
        [this.locker, this.otherLocker].map(({ handle, publicKey }, index) => [
          handle,
          { name: `Station ${index + 1}`, address: `${index + 1} Harbour Road`, signingKey: publicKey },
        ]),
      ),
      carriers: [
        { id: "carrier-a", sha256: hash("sha256", CARRIER_KEY) },
        { id: "carrier-b", sha256: hash("sha256", OTHER_CARRIER_KEY) },
      ],
      notifier,
      now: () => epochMs(this.now),
      every: (periodMs, run) => {
        const timer = { periodMs, run };
        this.timers.push(timer);
        return () => void this.timers.splice(this.timers.indexOf(timer), 1);
      },
      log: pino({ level: "debug" }, sink),
    });
    return this.vault;
  }

  async restart(notifier?: Notifier): Promise<void> {
    await this.vault.app.close();
    this.start(notifier);
  }

  /** Lets wall time pass as the process lives it: every timer rings as often as it should. */
  pass(ms: number): void {
    const end = this.now + ms;
    const periodMs = this.timers[0]?.periodMs ?? ms;
    while (this.now + periodMs <= end) {
      this.now += periodMs;
      for (const { run } of [...this.timers]) run();
    }
    this.now = end;
  }

  post(url: string, payload: object | string, headers: Record<string, string>) {
    return this.vault.app.inject({ method: "POST", url, payload, headers });
  }

  announce(parcel: Pick<ModelParcel, "verifier">, { key = CARRIER_KEY, ...changes }: AnnounceChanges = {}) {
    const contact = { kind: "email", address: EMAIL };
    const body = { verifier: parcel.verifier, locker: this.locker.handle, contact, language: "en", ...changes };
    return this.post("/v1/contacts", body, { authorization: `Bearer ${key}` });
  }

  async notice(notice: VaultNotice, key = this.fleet.privateKey) {
    return await this.noticeText(await signNotice(notice, key));
  }

  noticeText(text: string) {
    return this.post("/v1/notices", text, { "content-type": NOTICE_CONTENT_TYPE });
  }

  seal(parcel: ModelParcel, faults?: SealFaults): Promise<string> {
    return sealSecret(this.locker, this.sealing.publicKey, parcel, faults);
  }

  async issued(parcel: ModelParcel, faults?: SealFaults): Promise<VaultNotice> {
    return { kind: "issued", notice: newNoticeId(), sealed: await this.seal(parcel, faults) };
  }

  ended({ deposit, verifier }: ModelParcel, endedAt = this.now) {
    return { kind: "ended", notice: newNoticeId(), deposit, verifier, endedAt } as const;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vault.app.close();
    rmSync(this.folder, { recursive: true });
  }
}

type AnnounceChanges = { readonly key?: string; readonly [field: string]: unknown };

export const newNoticeId = (): string => randomBytes(8).toString("hex");
