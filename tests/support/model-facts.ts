import { createHash, randomBytes } from "node:crypto";
import type { Fact } from "../../src/contract/events.ts";
import type {
  AuthorisationId,
  CommandId,
  CompartmentId,
  CourierId,
  DepositId,
  ParcelVerifier,
} from "../../src/contract/ids.ts";

export const compartmentId = (value: number): CompartmentId => value as CompartmentId;
export const newVerifier = (): ParcelVerifier => randomBytes(16).toString("hex") as ParcelVerifier;
export const newDeposit = (): DepositId => randomBytes(16).toString("hex") as DepositId;
export const newAuthorisation = (): AuthorisationId => randomBytes(7).toString("hex") as AuthorisationId;
export const commandId = (text: string): CommandId => text as CommandId;

/** First row of an epoch: `count` small compartments, free and in service. */
export const snapshot = (count = 2): Fact => ({
  name: "locker.snapshot",
  data: {
    compartments: Array.from({ length: count }, (_, index) => ({
      compartment: compartmentId(index + 1),
      size: "S",
      occupancy: "available",
      outOfService: null,
      door: "unknown",
    })),
    deposits: [],
  },
});

export type Stay = {
  readonly deposit: DepositId;
  readonly compartment: CompartmentId;
  readonly verifier: ParcelVerifier;
  readonly sealed: string;
};

export const newStay = (compartment = 1, verifier = newVerifier()): Stay => ({
  deposit: newDeposit(),
  compartment: compartmentId(compartment),
  verifier,
  sealed: `sealed.${randomBytes(12).toString("hex")}`,
});

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What a locker writes from the courier's request until the code is out. */
export function depositFacts({ deposit, compartment, verifier, sealed }: Stay): readonly Fact[] {
  const authorisation = newAuthorisation();
  return [
    { name: "deposit.started", data: { deposit, compartment, verifier, courier: "4711" as CourierId } },
    { name: "door.opened", data: { compartment, authorisation, purpose: "deposit" } },
    { name: "door.closed", data: { compartment } },
    { name: "deposit.stored", data: { deposit, compartment, verifier } },
    { name: "compartment.changed", data: { compartment, size: "S", occupancy: "occupied", outOfService: null } },
    { name: "code.issued", data: { deposit, verifier, sealed: hashOf(sealed) }, attachment: sealed },
  ];
}

/** What a locker writes when the recipient takes it. */
export function pickupFacts({ deposit, compartment, verifier }: Stay): readonly Fact[] {
  const authorisation = newAuthorisation();
  return [
    { name: "pickup.started", data: { deposit, compartment, authorisation } },
    { name: "door.opened", data: { compartment, authorisation, purpose: "pickup" } },
    { name: "pickup.opened", data: { deposit, compartment } },
    { name: "door.closed", data: { compartment } },
    { name: "pickup.collected", data: { deposit, compartment, verifier } },
    { name: "compartment.changed", data: { compartment, size: "S", occupancy: "available", outOfService: null } },
  ];
}
