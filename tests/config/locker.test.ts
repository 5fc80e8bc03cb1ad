import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadLockerConfig } from "../../src/config/locker.ts";
import type { BusSettings } from "../../src/locker/bus/settings.ts";
import { ConfigFolder, goodLocker, PUBLIC_KEY } from "./config-files.ts";

const load = (path: string, env: Record<string, string> = {}, flags: Record<string, string> = {}) =>
  loadLockerConfig({ path, env, flags });

/** Loads a good configuration with one text replaced. */
function faultsWith(replaced: string, by: string): readonly string[] {
  expect(goodLocker).toContain(replaced);
  using folder = new ConfigFolder();
  return folder.faultsOf(load(folder.write(goodLocker.replace(replaced, by))));
}

describe("the locker's configuration", () => {
  it("is read, completed with defaults and frozen", () => {
    using folder = new ConfigFolder();
    const loaded = load(folder.write(goodLocker));
    if (!loaded.ok) throw new Error(folder.faultsOf(loaded).join("\n"));
    const config = loaded.value;
    expect(config).toMatchObject({
      locker: { handle: "k3v9x2m8q1" },
      database: "/var/lib/lockerd/locker.db",
      kiosk: { port: 8460 },
      log: { level: "info" },
      clock: { trust: "auto" },
      fleet: { commandKey: PUBLIC_KEY },
    });
    const buses: readonly BusSettings[] = config.buses;
    expect(buses.map(({ boards }) => boards[0]?.unlockPulseMs)).toEqual([300, 500]);
    expect(config.compartments.map(({ id }) => id)).toEqual([1, 3, 2]);
    expect(Object.isFrozen(config.buses[0]?.boards[0]?.channels[0])).toBe(true);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("lists every fault with its place, what is allowed and what to try", () => {
    using folder = new ConfigFolder();
    const path = folder.write(`version: 2
locker: { handle: Abc, nmae: Corner }
kiosk: { host: 0.0.0.0, port: "8460" }
buses:
  - name: bus0
    transport: { kind: serail, path: /dev/ttyUSB0 }
    boards:
      - name: left
        protocol: fp2
        adress: 1
        channels: [{ channel: 300, compartment: 1 }]
  - name: bus1
    transport: { kind: serial, path: /dev/ttyUSB0 }
    boards: []
compartments:
  - { id: 1, size: XXL }
  - { id: 1.5, size: }
uplink: { url: "mqtt://user:hunter2@broker" }
keys: hunter2
fleet: { commandKey: hunter2, password: hunter2 }
log: { level: inof }
`);
    expect(folder.faultsOf(load(path))).toEqual([
      'lockerd.yaml:1:1: vault is missing; it wants a mapping with sealingKey. Add "vault:" here.',
      "lockerd.yaml:1:10: version: 2 is not allowed; it wants 1. This release reads version 1.",
      "lockerd.yaml:2:9: locker.name is missing; it wants text of 1 to 80 characters. Say how people call it.",
      'lockerd.yaml:2:19: locker.handle: "Abc" is not allowed; it wants 8 to 32 lower-case letters and digits. A handle is random and means nothing: openssl rand -hex 8.',
      'lockerd.yaml:2:24: locker.nmae is no key of this place; allowed are handle, name. Did you mean "name"?',
      "lockerd.yaml:3:10: kiosk.host is no key of this place; allowed are port. Remove it.",
      'lockerd.yaml:3:31: kiosk.port: "8460" is not allowed; it wants a whole number from 0 to 65535. Write the number without quotes.',
      'lockerd.yaml:6:24: buses[0].transport.kind: "serail" is not allowed; it wants "serial" or "tcp". Did you mean "serial"?',
      "lockerd.yaml:8:9: buses[0].boards[0].address is missing; it wants a whole number from 1 to 126. It is set on the board's switches.",
      'lockerd.yaml:9:19: buses[0].boards[0].protocol: "fp2" is not allowed; it wants "fp1". Did you mean "fp1"?',
      'lockerd.yaml:10:9: buses[0].boards[0].adress is no key of this place; allowed are name, protocol, address, unlockPulseMs, channels. Did you mean "address"?',
      "lockerd.yaml:11:31: buses[0].boards[0].channels[0].channel: 300 is not allowed; it wants a whole number from 0 to 254. Take the number printed beside the terminal.",
      'lockerd.yaml:13:38: buses[1].transport.path: "/dev/ttyUSB0" is not allowed; it wants the path of a serial port that stays the same when adapters are plugged in another order. Take the udev rule\'s /dev/lockerd-bus0, or a path under /dev/serial/by-path.',
      "lockerd.yaml:14:13: buses[1].boards: a list of 0 is not allowed; it wants a list of 1 to 32. Change it.",
      'lockerd.yaml:16:20: compartments[0].size: "XXL" is not allowed; it wants "S" or "M" or "L". Change it.',
      "lockerd.yaml:17:11: compartments[1].id: 1.5 is not allowed; it wants a whole number from 1 to 1000. It is the number on the door.",
      'lockerd.yaml:17:22: compartments[1].size is empty; it wants "S" or "M" or "L". Change it.',
      "lockerd.yaml:18:16: uplink.url is not allowed; it wants mqtt://host:port or mqtts://host:port, nothing else in it. User and password do not belong into the URL; mqtts with tls files proves who speaks.",
      "lockerd.yaml:19:7: keys is not allowed; it wants a mapping with signingKeyFile, sealingKeyFile, boardKeyFile, pepperFile. Change it.",
      "lockerd.yaml:20:22: fleet.commandKey is not allowed; it wants an Ed25519 public key: its 32 raw bytes as base64url text, 43 characters. Paste the public key here, never the private one, whose place is a file.",
      "lockerd.yaml:20:31: fleet.password is no key of this place; allowed are commandKey. Remove it.",
      'lockerd.yaml:21:15: log.level: "inof" is not allowed; it wants "debug" or "info" or "warn" or "error". Did you mean "info"?',
    ]);
  });

  it.each([
    [
      "two compartments of one number",
      "{ id: 3, size: L }",
      "{ id: 1, size: L }",
      [
        "lockerd.yaml:23:40: buses[1].boards[0].channels[0].compartment: 3 is no compartment of this locker. Add it under compartments, or remove it here.",
      ],
    ],
    [
      "a compartment that no board knows",
      "  - { id: 2, size: M }",
      "  - { id: 2, size: M }\n  - { id: 4, size: M }",
      [
        "lockerd.yaml:28:11: compartments[3].id: 4 is wired to no channel of any board. Add its channel under buses, or remove it here.",
      ],
    ],
    [
      "a compartment on two channels",
      "{ channel: 0, compartment: 3 }",
      "{ channel: 0, compartment: 2 }",
      [
        "lockerd.yaml:23:40: buses[1].boards[0].channels[0].compartment: 2 is wired to another channel already. One lock opens one compartment.",
      ],
    ],
    [
      "a channel used twice",
      "{ channel: 1, compartment: 2, ",
      "{ channel: 0, compartment: 2, ",
      [
        "lockerd.yaml:14:24: buses[0].boards[0].channels[1].channel is the same as in item 0 of this list (counted from 0); each must be another. Change one of them.",
      ],
    ],
    [
      "two boards of one name",
      "name: right",
      "name: left",
      [
        'lockerd.yaml:18:15: buses[1].boards[0].name: "left" names another board of this locker already. Give each board its own name.',
      ],
    ],
    [
      "two buses of one name",
      "name: bus1",
      "name: bus0",
      [
        "lockerd.yaml:15:11: buses[1].name is the same as in item 0 of this list (counted from 0); each must be another. Change one of them.",
      ],
    ],
    [
      "tls files beside a plain URL",
      "mqtts://broker",
      "mqtt://broker",
      ["lockerd.yaml:29:8: uplink.url is not encrypted, though tls files are named. Begin it with mqtts://."],
    ],
    [
      "a user name without a password file",
      "  tls:",
      "  username: locker\n  tls:",
      ["lockerd.yaml:29:3: uplink.passwordFile is missing beside username. Give both, or none."],
    ],
  ])("refuses %s", (_, replaced, by, expected) => {
    expect(faultsWith(replaced, by)).toEqual(expect.arrayContaining(expected));
  });
});

describe("a configuration file", () => {
  it.each([
    [
      "a key written twice",
      `${goodLocker}vault: { sealingKey: ${PUBLIC_KEY} }\n`,
      /^lockerd\.yaml:\d+:1: it is no YAML: .*unique/,
    ],
    ["a bracket that never closes", "version: [1\n", /^lockerd\.yaml:\d+:\d+: it is no YAML: /],
    ["a tag of another program", "version: !!python/object 1\n", /^lockerd\.yaml:1:10: it is no YAML: /],
    ["two documents", "version: 1\n---\nversion: 1\n", /^lockerd\.yaml:\d+:\d+: it is no YAML: /],
    ["nothing", "", /^lockerd\.yaml:1:1: it is empty; it wants a mapping with version, locker, /],
    ["a list", "- version: 1\n", /^lockerd\.yaml:1:1: a list of 1 is not allowed/],
  ])("with %s is refused", (_, text, expected) => {
    using folder = new ConfigFolder();
    expect(folder.faultsOf(load(folder.write(text)))[0]).toMatch(expected);
  });

  it("that quotes a password in broken YAML does not have it repeated", () => {
    using folder = new ConfigFolder();
    const faults = folder.faultsOf(load(folder.write('uplink:\n  password: "hunter2\n  url: x\n')));
    expect(faults.join("\n")).not.toContain("hunter2");
    expect(faults).not.toEqual([]);
  });

  it("that expands aliases without end is refused", () => {
    using folder = new ConfigFolder();
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`);
    const faults = folder.faultsOf(load(folder.write(["a0: &a0 [x]", ...levels, ""].join("\n"))));
    expect(faults).toEqual([
      "lockerd.yaml:1:1: it is no YAML: its aliases expand to too much. Check indentation, quotes and colons there.",
    ]);
  });

  it("that is not there is named", () => {
    using folder = new ConfigFolder();
    expect(folder.faultsOf(load(join(folder.path, "none.yaml")))).toEqual([
      "none.yaml: it cannot be read (ENOENT). Give the path of the file with --config.",
    ]);
  });
});

describe("flags and the environment", () => {
  it("win over the file, flags over the environment", () => {
    using folder = new ConfigFolder();
    const path = folder.write(`${goodLocker}log: { level: warn }\n`);
    const env = { LOCKERD_LOG_LEVEL: "debug", LOCKERD_KIOSK_PORT: "9000", LOCKERD_KEYS_PEPPER_FILE: "/run/pepper" };
    const loaded = load(path, env, { "log.level": "error" });
    expect(loaded.ok && loaded.value).toMatchObject({
      log: { level: "error" },
      kiosk: { port: 9000 },
      keys: { pepperFile: "/run/pepper", boardKeyFile: "/etc/lockerd/board" },
    });
  });

  it("are named when they are wrong", () => {
    using folder = new ConfigFolder();
    const env = { LOCKERD_KIOSK_PORT: "80k", LOCKERD_LOG_LEVLE: "info", LOCKERD_NOTIFY_FD: "3", PATH: "/bin" };
    const loaded = load(folder.write(goodLocker), env, { "log.level": "loud" });
    expect(folder.faultsOf(loaded)).toEqual([
      'LOCKERD_KIOSK_PORT: kiosk.port: "80k" is not allowed; it wants a whole number from 0 to 65535. Leave it out to get 8460.',
      '--log-level: log.level: "loud" is not allowed; it wants "debug" or "info" or "warn" or "error". Leave it out to get "info".',
      "LOCKERD_LOG_LEVLE: it is no variable of this configuration. Did you mean LOCKERD_LOG_LEVEL?",
    ]);
  });
});
