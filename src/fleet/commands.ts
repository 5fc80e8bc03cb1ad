import { type KeyObject, randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { RemoteOpenStatus } from "../contract/fleet-api.ts";
import type { CommandId, CompartmentId, Epoch, LockerHandle } from "../contract/ids.ts";
import { type CommandClaims, jwsType } from "../contract/messages.ts";
import { err, ok, type Result } from "../contract/result.ts";
import { type EpochMs, plusMs } from "../contract/time.ts";
import { topicOf } from "../contract/topics.ts";
import type { FoldChange, RemoteOpen } from "./fold-model.ts";
import { signClaims } from "./keys.ts";
import { remoteOpenOf, saveRemoteOpen } from "./picture.ts";
import type { FleetDb, FleetTrx } from "./store.ts";

/** A remote open nobody answered is over for the fleet after this long; a challenge lives 60 s on the locker. */
export const REMOTE_OPEN_EXPIRY_MS = 90_000;
/** Life of a signed command, in seconds. */
const COMMAND_LIFE_S = 60;
/** Raised only by a fleet that lost count of `seq`. */
const ISSUER_EPOCH = 1;

export type OpenRefusal = {
  readonly code:
    | "unknown_locker"
    | "unknown_compartment"
    | "locker_never_seen"
    | "open_in_progress"
    | "broker_unreachable";
};

export type OpenRequest = {
  readonly locker: LockerHandle;
  readonly compartment: CompartmentId;
  readonly by: string;
  readonly reason: CommandClaims["reason"];
};

export type CommandsDeps = {
  readonly db: FleetDb;
  readonly commandKey: KeyObject;
  readonly isConnected: () => boolean;
  readonly publish: (topic: string, text: string) => boolean;
  readonly onChanged: (locker: LockerHandle) => void;
  readonly onFatal: (error: unknown) => void;
  readonly now: () => EpochMs;
  readonly expiryMs: number;
  readonly log: Logger;
};

export type Commands = {
  /** Asks the locker for a challenge; what follows comes as rows. */
  readonly open: (request: OpenRequest) => Promise<Result<RemoteOpen, OpenRefusal>>;
  /** Continues remote opens whose challenge has just arrived. */
  readonly onStored: (locker: LockerHandle, changes: readonly FoldChange[]) => void;
  readonly close: () => Promise<void>;
};

/**
 * The fleet's side of a remote open: ask for a challenge, carry it back in the open, let rows tell the rest.
 *
 * Each command is made and published once: a number is durable before it is used, and nothing is sent again. One at a
 * time, since a locker refuses a lower number after a higher one.
 */
export function createCommands(deps: CommandsDeps): Commands {
  let tail: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  };

  const expire = async (): Promise<void> => {
    const { lockers, nextAt } = await expireUnanswered(deps);
    for (const locker of lockers) deps.onChanged(locker);
    clearTimeout(timer);
    if (nextAt === undefined || closed) return;
    timer = setTimeout(() => void expire().catch(deps.onFatal), Math.max(0, nextAt - deps.now()));
    timer.unref();
  };
  inTurn(expire).catch(deps.onFatal);

  return {
    open: (request) =>
      inTurn(async () => {
        const asked = await ask(deps, request);
        if (asked.ok) {
          deps.onChanged(request.locker);
          await expire();
        }
        return asked;
      }),
    onStored: (locker, changes) => {
      for (const change of changes) {
        if (change.table !== "remoteOpen" || change.put.state !== "challenged") continue;
        const { command } = change.put;
        inTurn(() => carryChallenge(deps, locker, command)).catch(deps.onFatal);
      }
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await tail;
    },
  };
}

async function ask(deps: CommandsDeps, request: OpenRequest): Promise<Result<RemoteOpen, OpenRefusal>> {
  const { locker, compartment, by, reason } = request;
  if (!deps.isConnected()) return err({ code: "broker_unreachable" });
  const now = deps.now();
  const prepared = await deps.db.transaction().execute(async (trx) => {
    const target = await targetOf(trx, locker, compartment);
    if (!target.ok) return target;
    const command = randomUUID() as CommandId;
    const seq = await nextSeq(trx, locker);
    const unset = { openCommand: null, code: null, challenge: null, authorisation: null };
    const times = { askedAt: now, changedAt: now };
    const open: RemoteOpen = { command, compartment, state: "asked", by, reason, ...unset, ...times };
    await saveRemoteOpen(trx, locker, open);
    return ok({ open, seq, epoch: target.value });
  });
  if (!prepared.ok) return prepared;
  const { open, seq, epoch } = prepared.value;
  await send(deps, {
    ...stamp({ locker, epoch, seq, jti: open.command, now }),
    ...{ by, reason, op: "challenge", compartment },
  });
  return ok(open);
}

async function targetOf(
  trx: FleetTrx,
  locker: LockerHandle,
  compartment: CompartmentId,
): Promise<Result<Epoch, OpenRefusal>> {
  const row = await trx.selectFrom("locker").select("epoch").where("locker", "=", locker).executeTakeFirst();
  if (row === undefined) return err({ code: "unknown_locker" });
  if (row.epoch === null) return err({ code: "locker_never_seen" });
  const door = await trx
    .selectFrom("compartment")
    .select("compartment")
    .where("locker", "=", locker)
    .where("compartment", "=", compartment)
    .executeTakeFirst();
  if (door === undefined) return err({ code: "unknown_compartment" });
  const pending = await trx
    .selectFrom("remote_open")
    .select("command")
    .where("locker", "=", locker)
    .where("compartment", "=", compartment)
    .where("state", "in", ["asked", "challenged"])
    .executeTakeFirst();
  return pending === undefined ? ok(row.epoch) : err({ code: "open_in_progress" });
}

/** Sends the open that carries the challenge, unless it was sent before or came too late. */
async function carryChallenge(deps: CommandsDeps, locker: LockerHandle, command: CommandId): Promise<void> {
  if (!deps.isConnected()) return;
  const now = deps.now();
  const prepared = await deps.db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom("remote_open")
      .innerJoin("locker", "locker.locker", "remote_open.locker")
      .selectAll("remote_open")
      .select("locker.epoch")
      .where("remote_open.locker", "=", locker)
      .where("command", "=", command)
      .executeTakeFirst();
    if (row === undefined || row.epoch === null) return undefined;
    const open = remoteOpenOf(row);
    const { state, openCommand, challenge } = open;
    if (state !== "challenged" || openCommand !== null || challenge === null) return undefined;
    const jti = randomUUID() as CommandId;
    await saveRemoteOpen(trx, locker, { ...open, openCommand: jti, changedAt: now });
    return { open, jti, challenge, epoch: row.epoch, seq: await nextSeq(trx, locker) };
  });
  if (prepared === undefined) return;
  const { open, jti, challenge, epoch, seq } = prepared;
  const { by, compartment } = open;
  await send(deps, {
    ...stamp({ locker, epoch, seq, jti, now }),
    ...{ by, reason: open.reason as CommandClaims["reason"], op: "open", compartment, challenge },
  });
}

const stamp = (command: {
  readonly locker: LockerHandle;
  readonly epoch: Epoch;
  readonly seq: number;
  readonly jti: CommandId;
  readonly now: EpochMs;
}) => {
  const iat = Math.floor(command.now / 1000);
  const { epoch, seq, jti } = command;
  return { aud: command.locker, epoch, jti, issuerEpoch: ISSUER_EPOCH, seq, iat, exp: iat + COMMAND_LIFE_S };
};

async function send(deps: CommandsDeps, claims: CommandClaims): Promise<void> {
  const signed = await signClaims(deps.commandKey, jwsType.command, claims);
  const sent = deps.publish(topicOf(claims.aud, "down/command"), signed);
  const { aud: locker, op, jti: command, seq } = claims;
  if (sent) deps.log.info({ locker, op, command, seq }, "command sent");
  else deps.log.warn({ locker, op, command, seq }, "command not sent, the broker is gone");
}

async function nextSeq(trx: FleetTrx, locker: LockerHandle): Promise<number> {
  const { command_seq } = await trx
    .updateTable("locker")
    .set((row) => ({ command_seq: row("command_seq", "+", 1) }))
    .where("locker", "=", locker)
    .returning("command_seq")
    .executeTakeFirstOrThrow();
  return command_seq;
}

type Expired = { readonly lockers: readonly LockerHandle[]; readonly nextAt: EpochMs | undefined };

async function expireUnanswered(deps: CommandsDeps): Promise<Expired> {
  const now = deps.now();
  const expired = await deps.db
    .updateTable("remote_open")
    .set({ state: "expired", changed_at: now })
    .where("state", "in", ["asked", "challenged"])
    .where("asked_at", "<=", plusMs(now, -deps.expiryMs))
    .returning("locker")
    .execute();
  const next = await deps.db
    .selectFrom("remote_open")
    .select((row) => row.fn.min("asked_at").as("asked_at"))
    .where("state", "in", ["asked", "challenged"])
    .executeTakeFirst();
  const askedAt = next?.asked_at ?? undefined;
  return {
    lockers: [...new Set(expired.map(({ locker }) => locker))],
    nextAt: askedAt === undefined ? undefined : plusMs(askedAt, deps.expiryMs),
  };
}

/** A remote open as the API shows it: no challenge, no second command id. */
export const remoteOpenView = (open: RemoteOpen): RemoteOpenStatus => ({
  command: open.command,
  compartment: open.compartment,
  state: open.state,
  code: open.code,
  by: open.by,
  reason: open.reason,
  askedAt: open.askedAt,
  changedAt: open.changedAt,
});
