import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fact } from "../../src/contract/events.ts";
import type { ParcelView } from "../../src/contract/fleet-api.ts";
import type { CourierId } from "../../src/contract/ids.ts";
import { epochMs } from "../../src/contract/time.ts";
import { openFleetStore } from "../../src/fleet/store.ts";
import { deferNotice, dueNotices, nextNoticeAt } from "../../src/fleet/vault-outbox.ts";
import { FleetRig } from "../support/fleet-rig.ts";
import { type LoopbackBroker, openLoopbackBroker } from "../support/loopback-broker.ts";
import { depositFacts, newStay, pickupFacts, snapshot } from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";
import { linkModelLocker, type ModelLockerLink } from "../support/model-locker-link.ts";
import { ModelVault } from "../support/model-vault.ts";

let broker: LoopbackBroker;
let vault: ModelVault;
let locker: ModelLocker;
let rig: FleetRig;
let link: ModelLockerLink;

beforeEach(async () => {
  broker = await openLoopbackBroker();
  vault = await ModelVault.open();
  locker = new ModelLocker();
  rig = await new FleetRig({ brokerUrl: broker.url, lockers: [locker], vaultUrl: vault.url }).start();
  vault.fleetKey = rig.linkPublicKey;
  link = await linkModelLocker(locker, { url: broker.url, commandKey: rig.commandPublicKey });
});

afterEach(async () => {
  await link.close();
  await rig.close();
  await vault.close();
  await broker.close();
  expect(rig.failures).toEqual([]);
});

const parcel = async (id: string) =>
  (await rig.ask("GET", `/v1/parcels/${id}`, { key: rig.keys.operator })).body as ParcelView;

describe("the fleet's word to the vault", () => {
  it("hands the sealed secret over, and keeps no trace of it once the vault has notified", async () => {
    vault.answer = () => "notified";
    const stay = newStay();
    await link.send(locker.write(snapshot(), ...depositFacts(stay)).batch());
    await expect.poll(() => parcel(stay.deposit), { timeout: 5_000 }).toMatchObject({ notified: true });
    expect(vault.heard).toMatchObject([{ kind: "issued", sealed: stay.sealed }]);
    await expect.poll(() => rig.diskBytes().includes(stay.sealed), { timeout: 5_000 }).toBe(false);
    expect(rig.logLines.join("")).not.toContain(stay.sealed);
  });

  it("tells again what was refused, answered badly or has no contact yet, over a restart too", async () => {
    const answers = ["refused", "broken", "waiting"] as const;
    vault.answer = () => answers[vault.heard.length - 1] ?? "refused";
    const stay = newStay();
    await link.send(locker.write(snapshot(), ...depositFacts(stay)).batch());
    await expect.poll(() => vault.heard.length, { timeout: 10_000 }).toBe(3);
    expect(await parcel(stay.deposit)).toMatchObject({ notified: false });
    await rig.stop();
    expect(rig.diskBytes().includes(stay.sealed)).toBe(true);
    vault.answer = () => "notified";
    await rig.start();
    await expect.poll(() => parcel(stay.deposit), { timeout: 10_000 }).toMatchObject({ notified: true });
    expect(new Set(vault.heard.map(({ notice }) => notice)).size).toBe(1);
  });

  it("waits longer after each vain try, up to ten minutes", async () => {
    await rig.stop();
    const store = await openFleetStore(rig.settings.database, []);
    const { deposit, verifier, sealed } = newStay();
    const notice = { notice: "n", kind: "issued", deposit, verifier, sealed, ended_at: null } as const;
    const row = { locker: locker.handle, ...notice, attempts_count: 0, next_at: epochMs(0) };
    await store.db.insertInto("vault_outbox").values(row).execute();
    const waitsMs: number[] = [];
    for (let tries = 0; tries < 12; tries++) {
      const [due] = await dueNotices(store.db, epochMs(1e12), 1);
      if (due === undefined) throw new Error("the notice is still there");
      await deferNotice(store.db, due, epochMs(0), () => 1);
      waitsMs.push((await nextNoticeAt(store.db)) ?? 0);
    }
    await store.close();
    expect(waitsMs.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waitsMs.at(-1)).toBe(600_000);
  });

  it("waits for a vault that is away", async () => {
    const fleetKey = vault.fleetKey;
    vault.fleetKey = undefined;
    const stay = newStay();
    await link.send(locker.write(snapshot(), ...depositFacts(stay)).batch());
    await expect.poll(() => rig.logLines.join(""), { timeout: 5_000 }).toContain("vault did not take a notice");
    vault.answer = () => "notified";
    vault.fleetKey = fleetKey;
    await expect.poll(() => parcel(stay.deposit), { timeout: 10_000 }).toMatchObject({ notified: true });
  });

  it("tells the end of a stay, and no longer the secret that lost its use", async () => {
    vault.answer = (notice) => (notice.kind === "ended" ? "erased" : "waiting");
    const stay = newStay();
    await link.send(locker.write(snapshot(), ...depositFacts(stay)).batch());
    await expect.poll(() => vault.heard.length, { timeout: 5_000 }).toBe(1);
    const first = locker.rows.length + 1;
    await link.send(locker.write(...pickupFacts(stay)).batch(first));
    await expect
      .poll(() => vault.heard.at(-1), { timeout: 5_000 })
      .toMatchObject({
        kind: "ended",
        cause: "gone",
        deposit: stay.deposit,
        verifier: stay.verifier,
      });
    await expect.poll(() => rig.diskBytes().includes(stay.sealed), { timeout: 5_000 }).toBe(false);
    expect(await parcel(stay.deposit)).toMatchObject({ state: "collected", notified: false });
  });

  it("tells a cancelled deposit as one whose parcel may come once more", async () => {
    vault.answer = () => "erased";
    const { deposit, compartment, verifier } = newStay();
    const started = { deposit, compartment, verifier, courier: "20001" as CourierId };
    const facts: readonly Fact[] = [
      { name: "deposit.started", data: started },
      { name: "deposit.cancelled", data: { deposit, compartment } },
    ];
    await link.send(locker.write(snapshot(), ...facts).batch());
    await expect
      .poll(() => vault.heard.at(-1), { timeout: 5_000 })
      .toMatchObject({ kind: "ended", cause: "cancelled", deposit, verifier });
  });
});
