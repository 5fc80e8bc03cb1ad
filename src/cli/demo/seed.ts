import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";
import { generateSync } from "otplib";
import type { CourierCredentials, LockerView, ParcelView } from "../../contract/fleet-api.ts";
import type { Size } from "../../contract/ids.ts";
import type { OpeningReply, SignedInReply } from "../../contract/kiosk-api.ts";
import { call, KioskCaller, Refused, until } from "./http.ts";
import type { ApiKey } from "./keys.ts";

export type Site = {
  readonly kioskUrl: string;
  readonly fleetUrl: string;
  readonly vaultUrl: string;
  readonly handle: string;
  readonly operatorKey: ApiKey;
  readonly carrierKey: ApiKey;
};

export const bearer = ({ key }: ApiKey) => ({ authorization: `Bearer ${key}` });

/** A courier with credentials of the fleet's own making, known to the locker when this resolves. */
export async function hireCourier(site: Site): Promise<CourierCredentials> {
  const courier = String(randomInt(10_000, 99_999));
  const credentials = await call<CourierCredentials>(`${site.fleetUrl}/v1/couriers`, {
    method: "POST",
    headers: bearer(site.operatorKey),
    json: { courier, lockers: [site.handle], rights: ["deposit", "recall"] },
  });
  await until("the courier's arrival at the locker", 15_000, async () => {
    const view = await lockerView(site);
    return view.roster.applied >= view.roster.made ? true : undefined;
  });
  return credentials;
}

/** Waits until every door has been seen. */
export async function doorsKnown(site: Site): Promise<void> {
  await until("a look at every door", 15_000, async () => {
    const view = await lockerView(site);
    return view.health === "healthy" ? true : undefined;
  });
}

export const lockerView = (site: Site): Promise<LockerView> =>
  call<LockerView>(`${site.fleetUrl}/v1/lockers/${site.handle}`, { headers: bearer(site.operatorKey) });

export const timeCode = ({ totpSecret }: CourierCredentials, aheadSeconds = 0): string =>
  generateSync({ secret: totpSecret, epoch: Math.floor(Date.now() / 1000) + aheadSeconds });

/**
 * Brings parcels as a courier would: announced by the carrier, contact left with the vault, then signed in at the
 * kiosk, scanned, put in by somebody in front of the cabinet, confirmed.
 *
 * @returns the compartments they lie in.
 */
export async function bringParcels(
  site: Site,
  courier: CourierCredentials,
  sizes: readonly Size[],
  sendPerson: (parcel: string) => void,
): Promise<number[]> {
  const kiosk = await KioskCaller.open(site.kioskUrl);
  const { session } = await kiosk.post<SignedInReply>("/courier/sign-in", {
    courier: courier.courier,
    pin: courier.pin,
    totp: timeCode(courier),
  });
  const compartments: number[] = [];
  for (const size of sizes) {
    const parcelToken = newParcelToken();
    await announceParcel(site, { parcelToken, size, email: `recipient-${randomBytes(4).toString("hex")}@example.org` });
    sendPerson(`parcel-${compartments.length + 1}`);
    const opening = await kiosk.post<OpeningReply>("/courier/deposits", { parcelToken, size }, session);
    await until("the door's close", 15_000, () => confirmed(kiosk, opening, session));
    compartments.push(opening.compartment);
  }
  await kiosk.post("/courier/sign-out", undefined, session);
  return compartments;
}

/** Says "done"; undefined as long as the door is not seen shut. */
export async function confirmed(
  kiosk: KioskCaller,
  { deposit }: OpeningReply,
  session: string,
): Promise<true | undefined> {
  try {
    await kiosk.post(`/courier/deposits/${deposit}/confirm`, undefined, session);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code === "door_not_closed") return undefined;
    throw error;
  }
}

/** Tells the vault whom to notify and the fleet what will come, as a carrier does. */
export async function announceParcel(
  site: Pick<Site, "vaultUrl" | "fleetUrl" | "handle" | "carrierKey">,
  parcel: { readonly parcelToken: string; readonly size: Size; readonly email: string },
): Promise<ParcelView> {
  const { size } = parcel;
  const verifier = createHash("sha256").update(parcel.parcelToken).digest("hex").slice(0, 32);
  const headers = bearer(site.carrierKey);
  await call(`${site.vaultUrl}/v1/contacts`, {
    method: "POST",
    headers,
    json: { verifier, locker: site.handle, contact: { kind: "email", address: parcel.email }, language: "en" },
  });
  return await call<ParcelView>(`${site.fleetUrl}/v1/parcels`, {
    method: "POST",
    headers: { ...headers, "idempotency-key": randomUUID() },
    json: { locker: site.handle, verifier, size },
  });
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 26 characters of Crockford base32: 130 random bits. */
export const newParcelToken = (): string => Array.from(randomBytes(26), (byte) => ALPHABET[byte & 31]).join("");
