import { Type } from "typebox";
import type { Brand } from "./brand.ts";
import { err, ok, type Result } from "./result.ts";

/** Random, meaningless name of a locker: MQTT client id, topic level, certificate CN. */
export type LockerHandle = Brand<string, "LockerHandle">;
/** Changes whenever a locker's database is created or restored; part of every command's audience. */
export type Epoch = Brand<string, "Epoch">;
/** The number on the door, 1..1000. */
export type CompartmentId = Brand<number, "CompartmentId">;
export type DepositId = Brand<string, "DepositId">;
/** One permission to open one door once. The kiosk calls it the operation. */
export type AuthorisationId = Brand<string, "AuthorisationId">;
/** One unlock frame: the authorisation and the attempt, 64 bits as 16 hex digits. */
export type OpId = Brand<string, "OpId">;
/** Pseudonym of a courier, as typed at the kiosk. */
export type CourierId = Brand<string, "CourierId">;
/** SHA-256 of the parcel token, first 128 bits, hex: what everybody but the label and the vault's link knows. */
export type ParcelVerifier = Brand<string, "ParcelVerifier">;
/** Keyed digest of a code, an extension or a QR token: 128 bits, hex. */
export type ProofDigest = Brand<string, "ProofDigest">;
/** `jti` of a signed command. */
export type CommandId = Brand<string, "CommandId">;

export const Size = Type.Enum(["S", "M", "L"]);
export type Size = "S" | "M" | "L";
/** Smallest first. */
export const SIZES = ["S", "M", "L"] as const;

export const handlePattern = "^[a-z0-9]{8,32}$";
export const epochPattern = "^[0-9a-f]{16}$";
export const hex128Pattern = "^[0-9a-f]{32}$";
export const hex256Pattern = "^[0-9a-f]{64}$";
export const authorisationPattern = "^[0-9a-f]{14}$";
export const courierPattern = "^[0-9]{4,8}$";
export const commandPattern = "^[0-9a-f-]{16,36}$";
/** 128 random bits, 26 characters of Crockford base32, upper case, as printed on the label. */
export const parcelTokenPattern = "^[0-9A-HJKMNP-TV-Z]{26}$";

export const LockerHandleSchema = Type.Unsafe<LockerHandle>(Type.String({ pattern: handlePattern }));
export const EpochSchema = Type.Unsafe<Epoch>(Type.String({ pattern: epochPattern }));
export const CompartmentIdSchema = Type.Unsafe<CompartmentId>(Type.Integer({ minimum: 1, maximum: 1000 }));
export const DepositIdSchema = Type.Unsafe<DepositId>(Type.String({ pattern: hex128Pattern }));
export const AuthorisationIdSchema = Type.Unsafe<AuthorisationId>(Type.String({ pattern: authorisationPattern }));
export const CourierIdSchema = Type.Unsafe<CourierId>(Type.String({ pattern: courierPattern }));
export const ParcelVerifierSchema = Type.Unsafe<ParcelVerifier>(Type.String({ pattern: hex128Pattern }));
export const CommandIdSchema = Type.Unsafe<CommandId>(Type.String({ pattern: commandPattern }));
export const Hash = Type.String({ pattern: hex256Pattern });
/**
 * The greatest integer of any document. JSON has no bound, but a greater one is read as another number than was
 * written, and a database that keeps integers takes it for a fault.
 */
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;
/** How many, or which one: an integer from 0. */
export const CountSchema = Type.Integer({ minimum: 0, maximum: INTEGER_MAX });
/** A number that something counted gets: an integer from 1. */
export const OrdinalSchema = Type.Integer({ minimum: 1, maximum: INTEGER_MAX });
/** Wall clock milliseconds on the wire. */
export const EpochMsSchema = Type.Integer({ minimum: 0, maximum: INTEGER_MAX });

/** Parses the number printed on a door. */
export function parseCompartmentId(value: number): Result<CompartmentId, { readonly code: "bad_compartment" }> {
  return Number.isInteger(value) && value >= 1 && value <= 1000
    ? ok(value as CompartmentId)
    : err({ code: "bad_compartment" });
}
