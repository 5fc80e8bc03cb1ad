import { argon2, type KeyObject, randomBytes, randomInt } from "node:crypto";
import { promisify } from "node:util";
import { CompactEncrypt } from "jose";
import type { CourierCredentials, CreateCourierRequest } from "../contract/fleet-api.ts";
import type { CourierId, LockerHandle } from "../contract/ids.ts";
import { type DesiredDocument, jwsType, RosterEntry } from "../contract/messages.ts";
import { jsonParser } from "../contract/parse.ts";
import { err, ok, type Result } from "../contract/result.ts";
import { type EpochMs, plusMs } from "../contract/time.ts";
import { topicOf } from "../contract/topics.ts";
import { openText, sealText, signClaims } from "./keys.ts";
import type { FleetDb, FleetTrx } from "./store.ts";

/** Lockers trust a roster for 7 days; it is issued anew long before. */
const REISSUE_AFTER_MS = 24 * 3_600_000;
const REISSUE_CHECK_MS = 3_600_000;

export type DesiredDeps = {
  readonly db: FleetDb;
  readonly commandKey: KeyObject;
  readonly rosterKey: Uint8Array;
  readonly sealingKeyOf: (locker: LockerHandle) => KeyObject | undefined;
  readonly publish: (topic: string, text: string, options: { readonly retain: boolean }) => boolean;
  readonly onFatal: (error: unknown) => void;
  readonly now: () => EpochMs;
};

export type CourierRefusal = { readonly code: "unknown_locker" | "courier_exists"; readonly locker: LockerHandle };

export type Desired = {
  /** Makes a courier with fresh credentials, which are in this answer and nowhere else in the clear. */
  readonly addCourier: (request: CreateCourierRequest) => Promise<Result<CourierCredentials, CourierRefusal>>;
  /** Publishes every locker's document, anew where it has grown old. To be called at each connect. */
  readonly publishAll: () => Promise<void>;
  readonly close: () => void;
};

/** The desired document of every locker: who may sign in there. Versions rise strictly, whatever was lost. */
export function createDesired(deps: DesiredDeps): Desired {
  const publish = (locker: LockerHandle, document: string): void => {
    deps.publish(topicOf(locker, "down/desired"), document, { retain: true });
  };
  const reissueOld = async (): Promise<void> => {
    const old = await deps.db
      .selectFrom("desired")
      .select("locker")
      .where("issued_at", "<=", plusMs(deps.now(), -REISSUE_AFTER_MS))
      .execute();
    for (const { locker } of old) {
      // A locker taken out of the configuration gets no roster any more.
      if (deps.sealingKeyOf(locker) === undefined) continue;
      publish(locker, await deps.db.transaction().execute((trx) => issue(deps, trx, locker)));
    }
  };
  const timer = setInterval(() => void reissueOld().catch(deps.onFatal), REISSUE_CHECK_MS);
  timer.unref();
  return {
    addCourier: async (request) => {
      const added = await addCourier(deps, request);
      if (!added.ok) return added;
      for (const { locker, document } of added.value.documents) publish(locker, document);
      return ok(added.value.credentials);
    },
    publishAll: async () => {
      await reissueOld();
      for (const { locker, document } of await deps.db.selectFrom("desired").selectAll().execute()) {
        publish(locker, document);
      }
    },
    close: () => clearInterval(timer),
  };
}

type Added = {
  readonly credentials: CourierCredentials;
  readonly documents: readonly { readonly locker: LockerHandle; readonly document: string }[];
};

async function addCourier(deps: DesiredDeps, request: CreateCourierRequest): Promise<Result<Added, CourierRefusal>> {
  const { courier, lockers, rights } = request;
  const stranger = lockers.find((locker) => deps.sealingKeyOf(locker) === undefined);
  if (stranger !== undefined) return err({ code: "unknown_locker", locker: stranger });
  const pin = String(randomInt(10 ** PIN_DIGITS)).padStart(PIN_DIGITS, "0");
  const totpSecret = base32(randomBytes(TOTP_SECRET_BYTES));
  const entry: RosterEntry = { courier, pinHash: await hashPin(pin), totpSecret, rights };
  return deps.db.transaction().execute(async (trx) => {
    const taken = await trx
      .selectFrom("roster")
      .select("locker")
      .where("locker", "in", lockers)
      .where("courier", "=", courier)
      .executeTakeFirst();
    if (taken !== undefined) return err({ code: "courier_exists", locker: taken.locker });
    const documents: { locker: LockerHandle; document: string }[] = [];
    for (const locker of lockers) {
      const sealed = sealText(deps.rosterKey, subjectOf(locker, courier), JSON.stringify(entry));
      await trx.insertInto("roster").values({ locker, courier, sealed }).execute();
      documents.push({ locker, document: await issue(deps, trx, locker) });
    }
    return ok({ credentials: { courier, pin, totpSecret }, documents });
  });
}

const subjectOf = (locker: LockerHandle, courier: CourierId): string => `${locker}/${courier}`;
const parseEntry = jsonParser(RosterEntry);

/** Signs the locker's roster as its next version and seals it to the locker. Returns what is to be published. */
async function issue(deps: DesiredDeps, trx: FleetTrx, locker: LockerHandle): Promise<string> {
  const sealingKey = deps.sealingKeyOf(locker);
  if (sealingKey === undefined) throw new Error(`no sealing key is configured for ${locker}`);
  const rows = await trx.selectFrom("roster").selectAll().where("locker", "=", locker).orderBy("courier").execute();
  const roster = rows.map(({ courier, sealed }) => {
    const entry = parseEntry(openText(deps.rosterKey, subjectOf(locker, courier), sealed));
    if (!entry.ok) throw new Error(`roster entry of ${courier} at ${locker} is damaged`);
    return entry.value;
  });
  const claims: DesiredDocument = {
    aud: locker,
    version: await nextVersion(trx, locker),
    issuedAt: deps.now(),
    roster,
  };
  const signed = await signClaims(deps.commandKey, jwsType.desired, claims);
  const document = await new CompactEncrypt(Buffer.from(signed, "utf8"))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", cty: jwsType.desired })
    .encrypt(sealingKey);
  const row = { version: claims.version, document, issued_at: deps.now() };
  await trx
    .insertInto("desired")
    .values({ locker, ...row })
    .onConflict((conflict) => conflict.column("locker").doUpdateSet(row))
    .execute();
  return document;
}

/** Above every version made here and above what the locker says it has, should this database be an old one. */
async function nextVersion(trx: FleetTrx, locker: LockerHandle): Promise<number> {
  const made = await trx.selectFrom("desired").select("version").where("locker", "=", locker).executeTakeFirst();
  const applied = await trx
    .selectFrom("locker")
    .select("desired_applied")
    .where("locker", "=", locker)
    .executeTakeFirst();
  return Math.max(made?.version ?? 0, applied?.desired_applied ?? 0) + 1;
}

const PIN_DIGITS = 6;
const TOTP_SECRET_BYTES = 20;
const ARGON2 = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const argon2Hash = promisify(argon2);

/** argon2id in PHC form. */
async function hashPin(pin: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await argon2Hash("argon2id", { message: pin, nonce, ...ARGON2 });
  const { memory, passes, parallelism } = ARGON2;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${phcBase64(nonce)}$${phcBase64(tag)}`;
}

const phcBase64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 base32 of a whole number of 5-byte groups, so without padding. */
function base32(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  const length = (bytes.length * 8) / 5;
  return Array.from({ length }, (_, index) => BASE32[Number((bits >> BigInt(5 * (length - 1 - index))) & 31n)]).join(
    "",
  );
}
