import { viewOf } from "../bytes.ts";
import { ok, type Result } from "../result.ts";
import { badLength, badValue, bitAt, bitmapBytes, checkFields, setBit, U8_MAX, U16_MAX, U32_MAX } from "./fields.ts";
import type { Fp1DecodeError, Fp1EncodeError, Fp1Occupancy, Fp1StatusReply } from "./message.ts";

/** Offsets in the STATUS reply, README.md, "03 STATUS". Three bitmaps and the counters follow. */
const HEAD = { supply: 0, supplyMin: 2, temperature: 4, channelCount: 6, coilFaultBitmap: 7 } as const;
/** Offsets in the counters after the bitmaps. */
const COUNTERS = { badCrc: 0, overrun: 4, lostEvent: 8, length: 12 } as const;

const SUPPLY_NOT_MEASURED = U16_MAX;
const TEMPERATURE_NOT_MEASURED = -0x8000;

function bitmapOffsets(channelCount: number) {
  const occupied = HEAD.coilFaultBitmap + bitmapBytes(channelCount);
  const occupancyValid = occupied + bitmapBytes(channelCount);
  return { occupied, occupancyValid, counters: occupancyValid + bitmapBytes(channelCount) };
}

export function encodeStatusReply(reply: Fp1StatusReply): Result<Uint8Array, Fp1EncodeError> {
  const channelCount = reply.channels.length;
  const checked = checkFields([
    { field: "supplyMillivolts", value: reply.supplyMillivolts ?? 0, max: SUPPLY_NOT_MEASURED - 1 },
    { field: "supplyMillivoltsMin", value: reply.supplyMillivoltsMin ?? 0, max: SUPPLY_NOT_MEASURED - 1 },
    {
      field: "temperatureDecicelsius",
      value: reply.temperatureDecicelsius ?? 0,
      min: TEMPERATURE_NOT_MEASURED + 1,
      max: -TEMPERATURE_NOT_MEASURED - 1,
    },
    { field: "channels", value: channelCount, min: 1, max: U8_MAX },
    { field: "badCrcCount", value: reply.badCrcCount, max: U32_MAX },
    { field: "overrunCount", value: reply.overrunCount, max: U32_MAX },
    { field: "lostEventCount", value: reply.lostEventCount, max: U32_MAX },
  ]);
  if (!checked.ok) return checked;
  const { occupied, occupancyValid, counters } = bitmapOffsets(channelCount);
  const body = new Uint8Array(counters + COUNTERS.length);
  const view = viewOf(body);
  view.setUint16(HEAD.supply, reply.supplyMillivolts ?? SUPPLY_NOT_MEASURED, true);
  view.setUint16(HEAD.supplyMin, reply.supplyMillivoltsMin ?? SUPPLY_NOT_MEASURED, true);
  view.setInt16(HEAD.temperature, reply.temperatureDecicelsius ?? TEMPERATURE_NOT_MEASURED, true);
  view.setUint8(HEAD.channelCount, channelCount);
  for (const [channel, { hasCoilFault, occupancy }] of reply.channels.entries()) {
    if (hasCoilFault) setBit(body, HEAD.coilFaultBitmap, channel);
    if (occupancy === "occupied") setBit(body, occupied, channel);
    if (occupancy !== "unknown") setBit(body, occupancyValid, channel);
  }
  view.setUint32(counters + COUNTERS.badCrc, reply.badCrcCount, true);
  view.setUint32(counters + COUNTERS.overrun, reply.overrunCount, true);
  view.setUint32(counters + COUNTERS.lostEvent, reply.lostEventCount, true);
  return ok(body);
}

export function decodeStatusReply(body: Uint8Array): Result<Fp1StatusReply, Fp1DecodeError> {
  if (body.length <= HEAD.coilFaultBitmap) return badLength;
  const view = viewOf(body);
  const channelCount = view.getUint8(HEAD.channelCount);
  const { occupied, occupancyValid, counters } = bitmapOffsets(channelCount);
  if (body.length !== counters + COUNTERS.length) return badLength;
  if (channelCount === 0) return badValue("channelCount");
  const supply = view.getUint16(HEAD.supply, true);
  const supplyMin = view.getUint16(HEAD.supplyMin, true);
  const temperature = view.getInt16(HEAD.temperature, true);
  return ok({
    kind: "status",
    supplyMillivolts: supply === SUPPLY_NOT_MEASURED ? null : supply,
    supplyMillivoltsMin: supplyMin === SUPPLY_NOT_MEASURED ? null : supplyMin,
    temperatureDecicelsius: temperature === TEMPERATURE_NOT_MEASURED ? null : temperature,
    channels: Array.from({ length: channelCount }, (_, channel) => ({
      hasCoilFault: bitAt(body, HEAD.coilFaultBitmap, channel),
      occupancy: occupancyOf(bitAt(body, occupancyValid, channel), bitAt(body, occupied, channel)),
    })),
    badCrcCount: view.getUint32(counters + COUNTERS.badCrc, true),
    overrunCount: view.getUint32(counters + COUNTERS.overrun, true),
    lostEventCount: view.getUint32(counters + COUNTERS.lostEvent, true),
  });
}

function occupancyOf(isValid: boolean, isOccupied: boolean): Fp1Occupancy {
  if (!isValid) return "unknown";
  return isOccupied ? "occupied" : "empty";
}
