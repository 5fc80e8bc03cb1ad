import { randomBytes } from "node:crypto";
import { KioskCaller, until } from "../../../src/cli/demo/http.ts";
import type { PickupCode } from "../../../src/cli/demo/notices.ts";
import { announceParcel, confirmed, hireCourier, newParcelToken, timeCode } from "../../../src/cli/demo/seed.ts";
import type { CourierCredentials, ParcelView } from "../../../src/contract/fleet-api.ts";
import type { Size } from "../../../src/contract/ids.ts";
import type { OpeningReply, SignedInReply } from "../../../src/contract/kiosk-api.ts";
import type { Site } from "./site.ts";

/** A parcel on its way, announced to fleet and vault. The model cabinet knows it by its verifier. */
export type Announced = {
  readonly parcelToken: string;
  readonly size: Size;
  readonly email: string;
  readonly parcel: ParcelView;
};

export async function announce(site: Site, size: Size = "S"): Promise<Announced> {
  const email = `canary.${randomBytes(8).toString("hex")}@example.org`;
  const announced = { parcelToken: newParcelToken(), size, email };
  return { ...announced, parcel: await announceParcel(site.addresses, announced) };
}

/** Signs in with a time code of this half minute, or of the next. */
export async function signIn(
  kiosk: Pick<KioskCaller, "post">,
  courier: CourierCredentials,
  aheadSeconds = 0,
): Promise<SignedInReply> {
  const totp = timeCode(courier, aheadSeconds);
  return await kiosk.post<SignedInReply>("/courier/sign-in", { courier: courier.courier, pin: courier.pin, totp });
}

/** Somebody who puts this parcel behind the next door that opens. `closeAfterMs` null: and leaves the door open. */
export function bring(site: Site, { parcel }: Announced, closeAfterMs: number | null = 50): Promise<void> {
  const errand = { kind: "bring", parcel: parcel.verifier, compartment: null, reactMs: 50, closeAfterMs } as const;
  return site.cabinet.sendPerson(errand);
}

/** Somebody who takes what lies behind this door, once it opens, and closes it. */
export function fetchFrom(site: Site, compartment: number): Promise<void> {
  return site.cabinet.sendPerson({ kind: "fetch", compartment, reactMs: 50, closeAfterMs: 50 });
}

export type Deposited = Announced & {
  readonly courier: CourierCredentials;
  readonly deposit: string;
  readonly compartment: number;
};

/** A whole deposit by a courier of its own: announced, put in, closed, confirmed. */
export async function depositParcel(site: Site, size: Size = "S"): Promise<Deposited> {
  const courier = await hireCourier(site.addresses);
  const announced = await announce(site, size);
  return await putIn(site, courier, announced);
}

export async function putIn(site: Site, courier: CourierCredentials, announced: Announced): Promise<Deposited> {
  const kiosk = await KioskCaller.open(site.addresses.kioskUrl);
  const { session } = await signIn(kiosk, courier);
  await bring(site, announced);
  const { parcelToken, size } = announced;
  const opening = await kiosk.post<OpeningReply>("/courier/deposits", { parcelToken, size }, session);
  await until("the door's close", 15_000, () => confirmed(kiosk, opening, session));
  await kiosk.post("/courier/sign-out", undefined, session);
  if (opening.deposit === null) throw new Error("a deposit has a number");
  await rested(site, opening.compartment);
  return { ...announced, courier, deposit: opening.deposit, compartment: opening.compartment };
}

/** The same, with the code its recipient was told: the only one to get a notice meanwhile. */
export async function depositWithCode(
  site: Site,
  size: Size = "S",
): Promise<Deposited & { readonly told: PickupCode }> {
  const before = site.inbox.received.length;
  const deposited = await depositParcel(site, size);
  const told = (await site.inbox.codes(before + 1)).at(-1);
  if (told === undefined) throw new Error("no notice");
  return { ...deposited, told };
}

/** From a pulse of 300 ms to the earliest next one that the model board gives the same coil: it wants a pause of 500 ms. */
const COIL_REST_MS = 1_000;

/** Waits until the board may pulse this coil again: people are slower than tests. */
export async function rested(site: Site, compartment: number): Promise<void> {
  const last = site.cabinet.truth.findLast((entry) => entry.kind === "pulse" && entry.compartment === compartment);
  const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
  await until("a coil that has cooled down", 15_000, () =>
    Promise.resolve(last === undefined || nowMs() - last.at > COIL_REST_MS ? true : undefined),
  );
}
