import { describe, expect, it } from "vitest";
import { isFromBusProcess, isToBusProcess } from "../../../src/locker/bus/messages.ts";
import { door, opOf } from "./virtual-bus.ts";

const channel = { channel: 0, compartment: door(1), feedback: "none" };
const board = { name: "board-1", protocol: "fp1", address: 1, unlockPulseMs: 300, channels: [channel] };
const transport = { kind: "serial", path: "/dev/lockerd-bus0", baudRate: 115_200 };
const settings = { name: "bus0", transport, boards: [board] };
const configure = { kind: "configure", generation: 1, settings, committed: [] };
const unlock = { kind: "unlock", generation: 1, op: opOf(1), compartment: 1, notAfterHrtimeNs: "123456789012" };
const report = { kind: "unlock_result", op: opOf(1), outcome: "rejected", reason: "busy" };

describe("messages to a bus process", () => {
  it.each([
    ["configuration", configure],
    ["TCP", { ...configure, settings: { ...settings, transport: { kind: "tcp", host: "10.0.0.2", port: 5_000 } } }],
    ["unlock", unlock],
    ["query", { kind: "query_op", op: opOf(1), compartment: 1, ageMs: null }],
    ["commit", { kind: "event_committed", event: { board: "board-1", boot: 0xffff_ffff, sequence: 1 } }],
  ])("are taken: %s", (_, message) => {
    expect(isToBusProcess(message)).toBe(true);
  });

  it.each([
    ["nothing", null],
    ["a list", [unlock]],
    ["an unknown kind", { kind: "toString" }],
    ["a missing field", { ...unlock, op: undefined }],
    ["a field too many", { ...unlock, force: true }],
    ["a number for a text", { ...unlock, notAfterHrtimeNs: 123 }],
    ["a text for a number", { ...unlock, compartment: "1" }],
    ["a compartment beyond the last", { ...unlock, compartment: 1_001 }],
    ["an operation id of another length", { ...unlock, op: "1" }],
    ["an unknown feedback", { ...configure, settings: withChannel({ ...channel, feedback: "maybe" }) }],
    [
      "a pulse that burns a coil",
      { ...configure, settings: { ...settings, boards: [{ ...board, unlockPulseMs: 2_001 }] } },
    ],
    ["event number 0", { kind: "event_committed", event: { board: "board-1", boot: 1, sequence: 0 } }],
    ["an age that is no number", { kind: "query_op", op: opOf(1), compartment: 1, ageMs: Number.NaN }],
  ])("are refused: %s", (_, message) => {
    expect(isToBusProcess(message)).toBe(false);
  });
});

describe("messages from a bus process", () => {
  it.each([
    ["ready", { kind: "ready", generation: 2 }],
    ["a refusal", { kind: "report", report, event: null }],
    [
      "a door with its event",
      {
        kind: "report",
        report: { kind: "door", compartment: 1, door: "open" },
        event: { board: "board-1", boot: 7, sequence: 65_535 },
      },
    ],
    ["a port that closed", { kind: "port", state: "closed", reason: "EIO" }],
  ])("are taken: %s", (_, message) => {
    expect(isFromBusProcess(message)).toBe(true);
  });

  it.each([
    ["an outcome nobody knows", { kind: "report", report: { ...report, outcome: "opened" }, event: null }],
    ["an acceptance with a reason", { kind: "report", report: { ...report, outcome: "accepted" }, event: null }],
    ["a reason the journal would refuse", { kind: "report", report: { ...report, reason: "Busy!" }, event: null }],
    ["a heartbeat without counters", { kind: "heartbeat" }],
    ["a port that opened for a reason", { kind: "port", state: "opened", reason: "" }],
  ])("are refused: %s", (_, message) => {
    expect(isFromBusProcess(message)).toBe(false);
  });
});

function withChannel(changed: object) {
  return { ...settings, boards: [{ ...board, channels: [changed] }] };
}
