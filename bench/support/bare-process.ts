import { argon2, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { SerialPort } from "serialport";
import { fp1Driver } from "../../src/locker/bus/drivers/fp1.ts";
import { PROOF_ARGON2 } from "../../src/locker/platform/proofs.ts";
import { BareDatabase } from "./bare-database.ts";
import type { Transaction } from "./recording.ts";

/*
 * The bare parts of a pickup, in a process of their own as the product's are: one argon2id, one durable transaction, one
 * round trip on a serial port; and a bare web server. Forked by `bench/unlock.ts` with the file of its settings.
 */

export type BareSettings = {
  readonly database: string;
  /** What is in the database before. */
  readonly before: readonly Transaction[];
  /** For each pickup: the transaction that precedes its UNLOCK, and those that follow. */
  readonly pickups: readonly { readonly authorised: Transaction; readonly after: readonly Transaction[] }[];
  readonly portPath: string;
  readonly boardAddress: number;
};

export type BareReady = { readonly kind: "ready"; readonly url: string };
/** Milliseconds of the parts, and of all three one after the other. */
export type BareSample = {
  readonly kind: "sample";
  readonly argon2Ms: number;
  readonly transactionMs: number;
  readonly roundTripMs: number;
  readonly allMs: number;
};

const NONCE = randomBytes(16);

function slowHash(): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  argon2("argon2id", { message: "123456789", nonce: NONCE, ...PROOF_ARGON2 }, (error, hash) =>
    error === null ? resolve(hash) : reject(error),
  );
  return promise;
}

class BareSerial {
  readonly #port: SerialPort;
  #answered: () => void = () => undefined;

  private constructor(path: string) {
    this.#port = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
    // Replies are runs of bytes between two zeros; the one that ends the reply is its last byte.
    this.#port.on("data", (bytes: Buffer) => {
      if (bytes.at(-1) === 0 && bytes.length > 1) this.#answered();
    });
  }

  static async open(path: string): Promise<BareSerial> {
    const serial = new BareSerial(path);
    serial.#port.open();
    await once(serial.#port, "open");
    return serial;
  }

  exchange(request: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    this.#port.write(request);
    return promise;
  }
}

async function serveNothing(): Promise<string> {
  const app = Fastify({ logger: false });
  app.post("/pickup", async () => ({ operation: "0".repeat(14), compartment: 1, deposit: "0".repeat(32) }));
  return app.listen({ host: "127.0.0.1", port: 0 });
}

async function run(settings: BareSettings): Promise<void> {
  const database = new BareDatabase(settings.database);
  database.writeAll(settings.before);
  const serial = await BareSerial.open(settings.portPath);
  const requestOf = (number: number): Uint8Array =>
    fp1Driver.exchange(
      settings.boardAddress,
      number,
      number === 0 ? { kind: "identify" } : { kind: "poll", acknowledgeTo: 0 },
    ).request;
  await serial.exchange(requestOf(0));
  const url = await serveNothing();
  let pickupsCount = 0;

  const sample = async (): Promise<BareSample> => {
    const pickup = settings.pickups[pickupsCount++];
    if (pickup === undefined) throw new Error("more samples than pickups");
    const authorised = database.prepare(pickup.authorised);
    const request = requestOf(pickupsCount);
    const began = performance.now();
    await slowHash();
    const hashed = performance.now();
    database.write(authorised);
    const written = performance.now();
    await serial.exchange(request);
    const answered = performance.now();
    database.writeAll(pickup.after);
    const parts = { argon2Ms: hashed - began, transactionMs: written - hashed, roundTripMs: answered - written };
    return { kind: "sample", ...parts, allMs: answered - began };
  };

  process.on("message", () => {
    sample().then((taken) => process.send?.(taken), fail);
  });
  process.send?.({ kind: "ready", url } satisfies BareReady);
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

process.on("disconnect", () => process.exit(0));
const [, , file] = process.argv;
if (file === undefined) throw new Error("started by bench/unlock.ts, with a file");
await run(JSON.parse(readFileSync(file, "utf8")) as BareSettings);
