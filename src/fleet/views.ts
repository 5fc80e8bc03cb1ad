import type { LockerView, ParcelView } from "../contract/fleet-api.ts";
import type { CompartmentId, LockerHandle } from "../contract/ids.ts";
import { remoteOpenView } from "./commands.ts";
import type { Parcel, RemoteOpen } from "./fold-model.ts";
import { compartmentOf, remoteOpenOf } from "./picture.ts";
import type { BoardRow, LockerRow } from "./schema.ts";
import type { FleetDb } from "./store.ts";

/** Remote opens looked at for the last one of each compartment. */
const REMOTE_OPENS_MAX = 500;
/** A compartment out of service for one of these does not work; the others were taken out by people. */
const FAULTS: readonly string[] = ["broken", "blocked", "sensor_fault"];

/** One configured locker at a glance, or undefined when the database has never heard of it. */
export async function lockerView(db: FleetDb, locker: LockerHandle, name: string): Promise<LockerView | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom("locker").selectAll().where("locker", "=", locker).executeTakeFirst();
    if (row === undefined) return undefined;
    const compartments = await trx
      .selectFrom("compartment")
      .selectAll()
      .where("locker", "=", locker)
      .orderBy("compartment")
      .execute();
    const boards = await trx.selectFrom("board").selectAll().where("locker", "=", locker).execute();
    const remoteOpens = await trx
      .selectFrom("remote_open")
      .selectAll()
      .where("locker", "=", locker)
      .orderBy("asked_at", "desc")
      .limit(REMOTE_OPENS_MAX)
      .execute();
    const desired = await trx.selectFrom("desired").select("version").where("locker", "=", locker).executeTakeFirst();
    const statuses = compartments.map(compartmentOf);
    return {
      locker,
      name,
      link: row.link,
      health: healthOf(
        row,
        boards,
        statuses.some(({ outOfService }) => FAULTS.includes(outOfService ?? "")),
      ),
      lastContactAt: row.last_contact_at,
      compartments: statuses,
      remoteOpens: lastOfEach(remoteOpens.map(remoteOpenOf)).map(remoteOpenView),
      roster: { made: desired?.version ?? 0, applied: row.desired_applied },
      chainBrokenAt: row.chain_broken_at,
    };
  });
}

/** Door and board truth: a locker that says nothing, or whose boards do not answer, is not healthy. */
function healthOf(row: LockerRow, boards: readonly BoardRow[], hasFaults: boolean): LockerView["health"] {
  const silentCount = boards.filter(({ health }) => health === "silent").length;
  const allSilent = row.boards === "silent" || (boards.length > 0 && silentCount === boards.length);
  if (row.link !== "online" || allSilent) return "silent";
  const isWhole = row.boards === "ok" && silentCount === 0 && !hasFaults && row.chain_broken_at === null;
  return isWhole ? "healthy" : "degraded";
}

/** Of remote opens in falling order of time, the last of each compartment, by compartment. */
function lastOfEach(opens: readonly RemoteOpen[]): readonly RemoteOpen[] {
  const last = new Map<CompartmentId, RemoteOpen>();
  for (const open of opens) if (!last.has(open.compartment)) last.set(open.compartment, open);
  return [...last.values()].sort((a, b) => a.compartment - b.compartment);
}

export const parcelView = (locker: LockerHandle, { carrier: _, ...parcel }: Parcel): ParcelView => ({
  locker,
  ...parcel,
});
