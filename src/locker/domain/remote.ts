import type { CommandClaims } from "../../contract/messages.ts";
import { metaOf } from "./courier.ts";
import { emptyInDoubt, interruptDeposit } from "./deposit.ts";
import { raiseDoubt, settleDoubt } from "./doubt.ts";
import type { Draft } from "./draft.ts";
import { takeRemoteOccupied } from "./guessing.ts";
import type { Authorisation } from "./model.ts";
import { authorise, cannotOpen } from "./opening.ts";
import { CHALLENGE_MS, CHALLENGES_MAX, REMOTE_OPENS_PER_MINUTE_MAX } from "./policy.ts";

type Of<Op extends CommandClaims["op"]> = Extract<CommandClaims, { op: Op }>;

/**
 * A command whose signature was right. Everything else about it is judged here, and the verdict is journalled, except
 * of one that was not meant for us or came before: a broker alone could fill the journal with those.
 */
export function command(d: Draft, claims: CommandClaims): void {
  if (!isNew(d, claims)) return;
  const code = admit(d, claims) ?? (claims.op === "challenge" ? issueChallenge(d, claims) : openRemotely(d, claims));
  if (code !== undefined) d.fact("command.refused", { command: claims.jti, code });
}

/** Right locker, right database, never seen before. Its sequence number is spent from now on, whatever comes of it. */
function isNew(d: Draft, { aud, epoch, issuerEpoch, seq }: CommandClaims): boolean {
  const meta = metaOf(d);
  const isNewer = issuerEpoch > meta.issuerEpoch || (issuerEpoch === meta.issuerEpoch && seq > meta.commandSeq);
  if (aud !== meta.handle || epoch !== meta.epoch || !isNewer) return false;
  d.put("meta", { ...meta, issuerEpoch, commandSeq: seq });
  return true;
}

/** Not too old, and for a door there is. */
function admit(d: Draft, claims: CommandClaims): string | undefined {
  if (d.runtime.clockTrust === "synced" && d.now.wall >= claims.exp * 1000) return "expired";
  if (d.get("compartment", claims.compartment) === undefined) return "unknown_compartment";
  return undefined;
}

/** Freshness without a wall clock: only an open that carries this value, within a minute of uptime, is worth anything. */
function issueChallenge(d: Draft, claims: Of<"challenge">): string | undefined {
  if ([...d.all("challenge")].length >= CHALLENGES_MAX) return "too_many_challenges";
  const value = d.draw(32);
  d.put("challenge", { value, command: claims.jti, compartment: claims.compartment });
  d.setTimer("challenge", value, CHALLENGE_MS);
  d.fact("challenge.issued", { command: claims.jti, compartment: claims.compartment, challenge: value });
  return undefined;
}

function openRemotely(d: Draft, claims: Of<"open">): string | undefined {
  const challenge = d.get("challenge", claims.challenge);
  if (challenge?.compartment !== claims.compartment) return "bad_challenge";
  d.del("challenge", challenge.value);
  d.clearTimer("challenge", challenge.value);
  const obstacle = cannotOpen(d, claims.compartment);
  if (obstacle !== undefined) return obstacle.code;
  const recent = d.runtime.remoteOpenTimes.filter((at) => d.now.mono - at < 60_000);
  if (recent.length >= REMOTE_OPENS_PER_MINUTE_MAX) return "too_many_opens";
  const { deposit } = d.compartment(claims.compartment);
  if (deposit !== null && !takeRemoteOccupied(d)) return "too_many_occupied_opens";
  d.put("runtime", { ...d.runtime, remoteOpenTimes: [...recent, d.now.mono] });
  const authorisation = authorise(d, { purpose: "remote", compartment: claims.compartment, deposit });
  d.fact("command.accepted", {
    command: claims.jti,
    compartment: claims.compartment,
    authorisation: authorisation.id,
  });
  return undefined;
}

/** Somebody else's hand may have been in it: what lay there is in doubt from now on, and its code still opens. */
export function remoteOpened(d: Draft, authorisation: Authorisation): void {
  const { id, deposit: depositId } = authorisation;
  const deposit = depositId === null ? undefined : d.get("deposit", depositId);
  if (deposit?.state === "depositing") interruptDeposit(d, deposit);
  if (deposit !== undefined && deposit.doubtedBy === null) raiseDoubt(d, deposit, id);
}

export function remoteInDoubt(d: Draft, authorisation: Authorisation): void {
  remoteOpened(d, authorisation);
  emptyInDoubt(d, authorisation);
}

/** The board remembers that nothing moved: the doubt this open raised is over. */
export function remoteCleared(d: Draft, { id, deposit: depositId }: Authorisation): void {
  const deposit = depositId === null ? undefined : d.get("deposit", depositId);
  if (deposit !== undefined) settleDoubt(d, deposit, id);
}
