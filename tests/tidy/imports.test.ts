import { describe, expect, it } from "vitest";
import { checkImports, checkSpecifiers } from "./imports.ts";
import { messages, provesRule } from "./planted.ts";

describe("import rules", () => {
  provesRule(checkImports, [
    [
      "firmware-protocol/fp1/codec.ts",
      'import { a } from "../../src/contract/result.ts";',
      /may not import src\/contract\/result.ts/,
      'import { a } from "../checksum.ts";',
    ],
    [
      "firmware-protocol/fp1/codec.ts",
      'import { crc32 } from "node:zlib";',
      /may not import node:zlib/,
      'import type { A } from "../bytes.ts";',
    ],
    [
      "src/contract/events.ts",
      'import fastify from "fastify";',
      /may not import the package "fastify"; only typebox/,
      'import { Type } from "typebox";',
    ],
    [
      "src/locker/domain/step.ts",
      'import { commit } from "../store/sqlite-store.ts";',
      /may not import src\/locker\/store/,
      'import { pickup } from "./pickup.ts";',
    ],
    [
      "src/locker/domain/step.ts",
      'import type { Store } from "../ports.ts";',
      /may not import src\/locker\/ports.ts; turn the dependency round/,
      'import { ok } from "../../contract/result.ts";',
    ],
    [
      "src/locker/domain/deposit.ts",
      'export type A = import("../engine.ts").Engine;',
      /may not import src\/locker\/engine.ts/,
      'export type A = import("./model.ts").State;',
    ],
    [
      "src/locker/bus/bus-machine.ts",
      'import { step } from "../domain/step.ts";',
      /may not import src\/locker\/domain\/step.ts; use `import type`/,
      'import type { CompartmentId } from "../domain/model.ts";',
    ],
    [
      "src/locker/bus/bus-machine.ts",
      'import { openPort } from "./serial-transport.ts";',
      /use `import type`/,
      'import { decode } from "../../../firmware-protocol/fp1/codec.ts";',
    ],
    [
      "src/locker/uplink/uplink-machine.ts",
      'import mqtt from "mqtt";',
      /the package "mqtt"; only none/,
      'import { topicOf } from "../../contract/topics.ts";',
    ],
    [
      "src/fleet/fold.ts",
      'import { db } from "./store.ts";',
      /use `import type`/,
      'import { type Row } from "./store.ts";',
    ],
    [
      "src/locker/ports.ts",
      'import { step } from "./domain/step.ts";',
      /use `import type`/,
      'import type { Change } from "./domain/output.ts";',
    ],
    [
      "src/locker/engine.ts",
      'import { open } from "./store/sqlite-store.ts";',
      /may not import src\/locker\/store/,
      'import { step } from "./domain/step.ts";',
    ],
    [
      "src/locker/engine.ts",
      'import { hrtime } from "node:process";',
      /may not import node:process/,
      'import type { Clock } from "./ports.ts";',
    ],
    [
      "src/locker/http/server.ts",
      'import type { Rows } from "../store/sqlite-store.ts";',
      /may never import src\/locker\/store/,
      'import fastify from "fastify"; import type { Store } from "../ports.ts";',
    ],
    [
      "src/locker/store/sqlite-store.ts",
      'import mqtt from "mqtt";',
      /the package "mqtt"; only better-sqlite3/,
      'import Database from "better-sqlite3"; import { join } from "node:path";',
    ],
    [
      "src/locker/bus/serial-transport.ts",
      'import { server } from "../http/server.ts";',
      /may not import src\/locker\/http/,
      'import { SerialPort } from "serialport"; import { x } from "../../../firmware-protocol/framer.ts";',
    ],
    [
      "src/fleet/ingest.ts",
      'import { step } from "../locker/domain/step.ts";',
      /may never import src\/locker/,
      'import { topicOf } from "../contract/topics.ts";',
    ],
    [
      "src/fleet/main.ts",
      'import type { State } from "../locker/domain/model.ts";',
      /may not import src\/locker/,
      'import { readConfig } from "../config/load.ts";',
    ],
    [
      "src/vault/open.ts",
      'import { x } from "../fleet/store.ts";',
      /may not import src\/fleet/,
      'import { compactDecrypt } from "jose";',
    ],
    [
      "src/web/kiosk/main.tsx",
      'import { topicOf } from "../../contract/topics.ts";',
      /use `import type`/,
      'import type { Event } from "../../contract/events.ts"; import { h } from "preact";',
    ],
    [
      "src/cli/lockerd.ts",
      'const run = () => import("../../sim/serve.ts");',
      /may not import sim\/serve.ts/,
      'const run = () => import("../locker/main.ts");',
    ],
    [
      "src/cli/demo.ts",
      "const run = (path: string) => import(path);",
      /computed path/,
      'import { start } from "../locker/main.ts";',
    ],
    [
      "src/locker/main.ts",
      'export { x } from "../../tests/support/tools.ts";',
      /may not import tests\/support/,
      'import { engine } from "./engine.ts";',
    ],
    [
      "sim/world.ts",
      'import { start } from "../src/locker/main.ts";',
      /may never import src\/locker\/main.ts/,
      'import { step } from "../src/locker/domain/step.ts";',
    ],
    [
      "sim/world.ts",
      'import { connect } from "../src/locker/uplink/mqtt-uplink.ts";',
      /use `import type`/,
      'import { next } from "../src/locker/uplink/uplink-machine.ts";',
    ],
  ]);

  it("asks for a row when a folder is new", () => {
    expect(messages(checkImports, "src/newfolder/a.ts", "export const a = 1;")).toEqual([
      expect.stringMatching(/no known area/),
    ]);
  });
});

describe("import paths", () => {
  const target = { path: "src/fleet/store.ts", text: "export const x = 1;" };
  provesRule(
    (files) => checkSpecifiers([...files, target]),
    [
      [
        "src/fleet/a.ts",
        'import { x } from "./store";',
        /write the path with its .ts/,
        'import { x } from "./store.ts";',
      ],
      ["src/fleet/a.ts", 'import { x } from "./store.js";', /is no file/, 'export { x } from "./store.ts";'],
      ["src/fleet/a.ts", 'await import("./gone.ts");', /is no file/, 'await import("../fleet/store.ts");'],
    ],
  );
});
