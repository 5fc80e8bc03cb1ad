import { KioskCaller, Refused } from "../../../src/cli/demo/http.ts";
import { hireCourier } from "../../../src/cli/demo/seed.ts";
import type { CourierCredentials } from "../../../src/contract/fleet-api.ts";
import type { OpeningReply } from "../../../src/contract/kiosk-api.ts";
import { type Announced, announce, rested, signIn } from "../support/deposits.ts";
import { eventually } from "../support/eventually.ts";
import { Kiosk } from "../support/kiosk.ts";
import { PROCESSES, type Site } from "../support/site.ts";
import { judgeFleet, judgeOpenings, judgeParcels, judgePulses, type Restart } from "./judge.ts";
import { type Hit, pointOf } from "./points.ts";
import { STRIKES, type Strike } from "./strikes.ts";
import { Visitor } from "./visitor.ts";

/** Each signs in with this time code and with the next, and then not again for two minutes. */
const COURIERS_COUNT = 30;
/** Of twelve compartments; some stay unknown for a while. */
const PARCELS_INSIDE_MAX = 5;
const PARCELS_FIRST = 3;
/** One door in five stays open until after the restart. */
const LINGERING_MS = 5_000;

type DepositJob = { readonly purpose: "deposit"; readonly announced: Announced; readonly courier: CourierCredentials };
type Job = DepositJob | { readonly purpose: "pickup"; readonly code: string };

export type Cycle = {
  readonly strike: string;
  readonly purpose: Job["purpose"];
  /** Of the locker only. */
  readonly hit: Hit | null;
  /** Why no door was about to open; undefined when one was. */
  readonly missed: string | undefined;
};

/** Deposits and pickups at one site, each struck by one kill and then brought to its end. */
export class Campaign {
  readonly cycles: Cycle[] = [];
  readonly #site: Site;
  readonly #visitor: Visitor;
  readonly #random: (max: number) => number;
  readonly #couriers: CourierCredentials[] = [];
  readonly #announced: Announced[] = [];
  readonly #spent = new Set<string>();
  readonly #restarts: Restart[] = [];

  constructor(site: Site, random: (max: number) => number) {
    this.#site = site;
    this.#visitor = new Visitor(site.cabinet);
    this.#random = random;
  }

  /** Couriers, and some parcels that wait for pickup. */
  async prepare(): Promise<void> {
    for (let i = 0; i < COURIERS_COUNT; i++) this.#couriers.push(await hireCourier(this.#site.addresses));
    for (let i = 0; i < PARCELS_FIRST; i++) await this.#finishDeposit(await this.#newDeposit());
    await this.#site.inbox.codes(PARCELS_FIRST);
  }

  async cycle(): Promise<void> {
    const count = this.cycles.length;
    const strike = STRIKES[count % STRIKES.length];
    if (strike === undefined) throw new Error("there are no strikes");
    const job = await this.#nextJob(count);
    const site = this.#site;
    const known = authorised(site);
    const fromIndex = (await site.cabinet.log()).length;
    this.#visitorComesFor(job, this.#random(5) < 1 ? LINGERING_MS : undefined);
    const missed = await this.#strike(strike, job, fromIndex);
    const hit = site.isRunning("locker") ? null : await this.#hit(known, fromIndex);
    if (strike.name.startsWith("bus")) await this.#busIsBack();
    this.cycles.push({ strike: strike.name, purpose: job.purpose, hit, missed });
    await this.#restore();
    if (job.purpose === "pickup") await this.#finishPickup(job.code);
    else await this.#finishDeposit(job);
  }

  async #strike(strike: Strike, job: Job, fromIndex: number): Promise<string | undefined> {
    const site = this.#site;
    using kiosk = await Kiosk.open(site.addresses.kioskUrl);
    const ask = await this.#asker(kiosk, job);
    return await strike.act({ site, kiosk, fromIndex, ask, random: this.#random });
  }

  /** Once all is quiet: everything in which the cabinet's own log, the locker and the fleet differ. */
  async verdict(): Promise<readonly string[]> {
    await this.#site.synced();
    const truth = await this.#site.cabinet.log();
    const database = this.#site.lockerDatabase();
    const parcels = await Promise.all(this.#announced.map(({ parcel }) => this.#site.parcel(parcel.id)));
    return [
      ...judgePulses(truth, database, this.#restarts),
      ...judgeOpenings(truth),
      ...judgeParcels(truth, database),
      ...judgeFleet(database, await this.#site.locker(), parcels),
    ];
  }

  /** Pickups and deposits take turns as far as there are codes and room. */
  async #nextJob(count: number): Promise<Job> {
    const codes = this.#site.inbox.received.map(({ code }) => code).filter((code) => !this.#spent.has(code));
    const insideCount = this.#announced.filter(({ parcel }) => this.#visitor.whereIs(parcel.verifier)).length;
    // So that each strike falls on deposits and on pickups.
    const turn = ((count % STRIKES.length) + Math.floor(count / STRIKES.length)) % 2;
    const code = codes[0];
    if (code !== undefined && (turn === 1 || insideCount >= PARCELS_INSIDE_MAX)) return { purpose: "pickup", code };
    return await this.#newDeposit();
  }

  async #newDeposit(): Promise<DepositJob> {
    const courier = this.#couriers[this.#announced.length % COURIERS_COUNT];
    if (courier === undefined) throw new Error("there are no couriers");
    const announced = await announce(this.#site);
    this.#announced.push(announced);
    return { purpose: "deposit", announced, courier };
  }

  #visitorComesFor(job: Job, closeAfterMs?: number): void {
    const errand =
      job.purpose === "pickup" ? { kind: "fetch" as const } : this.#depositErrand(job.announced.parcel.verifier);
    this.#visitor.comesFor(errand, closeAfterMs);
  }

  #depositErrand(parcel: string) {
    return this.#visitor.whereIs(parcel) === undefined ? { kind: "bring" as const, parcel } : { kind: "look" as const };
  }

  /** Everything before the wish itself is done here. */
  async #asker(kiosk: Kiosk, job: Job): Promise<() => Promise<string | undefined>> {
    if (job.purpose === "pickup") return () => unanswered(kiosk.post("/pickup", { code: job.code }));
    const { session } = await signIn(kiosk, job.courier);
    const { parcelToken, size } = job.announced;
    return () => unanswered(kiosk.post("/courier/deposits", { parcelToken, size }, session));
  }

  async #hit(known: ReadonlySet<string>, fromIndex: number): Promise<Hit> {
    const left = this.#site.lockerDatabase();
    const truth = await this.#site.cabinet.log();
    const restart = { ofWhom: "locker", fromIndex: truth.length, authorised: new Set(left.authorisations.map(idOf)) };
    this.#restarts.push(restart);
    return pointOf(left, known, truth.slice(fromIndex)).hit;
  }

  /** From here on the new bus process may do anything but finish what the old one began. */
  async #busIsBack(): Promise<void> {
    await this.#site.busPid();
    const fromIndex = (await this.#site.cabinet.log()).length;
    this.#restarts.push({ ofWhom: "bus", fromIndex, authorised: authorised(this.#site) });
  }

  async #restore(): Promise<void> {
    for (const name of PROCESSES) if (!this.#site.isRunning(name)) await this.#site.start(name);
    using kiosk = await Kiosk.open(this.#site.addresses.kioskUrl);
    await kiosk.until("every door shut", ({ boards, doors }) => boards === "ok" && doors.every(isShut));
    await this.#settled();
  }

  /** Nothing waits for its door any more, and every coil may be pulsed again. */
  async #settled(): Promise<void> {
    await eventually("the end of every opening", () =>
      this.#site.lockerDatabase().authorisations.some(({ state }) => state === "commanded" || state === "opened")
        ? undefined
        : true,
    );
    const last = this.#site.cabinet.truth.findLast(({ kind }) => kind === "pulse");
    if (last !== undefined) await rested(this.#site, last.compartment);
  }

  /** The recipient tries again until the code has done its work. */
  async #finishPickup(code: string): Promise<void> {
    this.#visitor.comesFor({ kind: "fetch" });
    const kiosk = await KioskCaller.open(this.#site.addresses.kioskUrl);
    await eventually("the end of a pickup", async () => {
      const refusal = await refusalOf(kiosk.post("/pickup", { code }));
      await this.#settled();
      return refusal === "code_finished" ? true : undefined;
    });
    this.#spent.add(code);
  }

  /** The courier comes back, opens once more what was not finished, and says "done". */
  async #finishDeposit({ announced, courier }: DepositJob): Promise<void> {
    const { verifier } = announced.parcel;
    const kiosk = await KioskCaller.open(this.#site.addresses.kioskUrl);
    const { session } = await signIn(kiosk, courier, 30);
    const isStored = () =>
      this.#site.lockerDatabase().deposits.some((deposit) => deposit.verifier === verifier && isIn(deposit.state));
    const started = () =>
      this.#site
        .lockerDatabase()
        .deposits.find((deposit) => deposit.verifier === verifier && deposit.state === "depositing");
    await eventually("the end of a deposit", async () => {
      if (isStored()) return true;
      this.#visitor.comesFor(this.#depositErrand(verifier));
      const deposit = started();
      if (deposit === undefined) {
        const { parcelToken, size } = announced;
        await refusalOf(kiosk.post<OpeningReply>("/courier/deposits", { parcelToken, size }, session));
      } else {
        const path = `/courier/deposits/${deposit.id}`;
        const refusal = await refusalOf(kiosk.post(`${path}/confirm`, undefined, session));
        if (refusal === "door_not_closed") await refusalOf(kiosk.post(`${path}/reopen`, undefined, session));
      }
      await this.#settled();
      return undefined;
    });
    await kiosk.post("/courier/sign-out", undefined, session);
  }
}

const idOf = ({ id }: { readonly id: string }): string => id;
const authorised = (site: Site): ReadonlySet<string> => new Set(site.lockerDatabase().authorisations.map(idOf));
const isShut = ({ door }: { readonly door: string }): boolean => door === "closed";
const isIn = (state: string): boolean => state === "stored" || state === "collecting" || state === "collected";

/** The code of the problem it was refused with; undefined when it was not. */
async function refusalOf(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

/** The same, of a process that may be killed before it answers. */
async function unanswered(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    return await refusalOf(asked);
  } catch {
    return undefined;
  }
}
