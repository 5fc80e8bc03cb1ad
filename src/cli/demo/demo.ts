import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { formatCode } from "../../contract/pickup-code.ts";
import { type Broker, startBroker } from "./broker.ts";
import { type Child, startChild } from "./children.ts";
import { type Whereabouts, writeFleetConfig, writeLockerConfig, writeSimLayout, writeVaultConfig } from "./configs.ts";
import { makeKeys } from "./keys.ts";
import { notices } from "./notices.ts";
import { announceParcel, bringParcels, doorsKnown, hireCourier, newParcelToken, type Site, timeCode } from "./seed.ts";
import { SimulatedPeople } from "./simulated-people.ts";

const LOCKERD = fileURLToPath(new URL("../lockerd.ts", import.meta.url));
const SIMULATOR = fileURLToPath(new URL("../../../sim/serve.ts", import.meta.url));

/**
 * The whole system on this machine: simulated cabinet on a real pseudo-terminal, broker, vault, fleet and locker, each
 * a process of its own, with keys made for this run. Resolves once `ended` does, with nothing left behind.
 */
export async function demo(print: (text: string) => void, ended: Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-demo-"));
  const children: Child[] = [];
  let broker: Broker | undefined;
  try {
    broker = await startBroker();
    const handle = `demo${randomBytes(6).toString("hex")}`;
    const place: Whereabouts = { folder, handle, keys: makeKeys(folder), brokerUrl: broker.url };
    await Promise.race([run(place, children, print).then(() => ended), ended]);
  } finally {
    // Whoever was started last may still need those before it.
    for (const child of children.reverse()) await child.stop();
    await broker?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(place: Whereabouts, children: Child[], print: (text: string) => void): Promise<void> {
  const { folder, keys, handle } = place;
  const start = async (name: string, script: string, args: readonly string[], onOutput?: (text: string) => void) => {
    const child = await startChild({ name, script, args, folder, ...(onOutput === undefined ? {} : { onOutput }) });
    children.push(child);
    return child;
  };
  const serve = async (...args: Parameters<typeof start>) => urlOf(await start(...args));
  const inbox = notices(print);
  const truth = join(folder, "truth.jsonl");
  const simulator = await start("simulator", SIMULATOR, ["--layout", writeSimLayout(folder), "--pty", "--log", truth]);
  const portPath = simulator.ready.path;
  if (portPath === undefined) throw new Error("the simulator has no pseudo-terminal");
  const vaultUrl = await serve("vault", LOCKERD, ["vault", "--config", writeVaultConfig(place)], inbox.read);
  const fleetUrl = await serve("fleet", LOCKERD, ["fleet", "--config", writeFleetConfig(place, vaultUrl)]);
  const kioskUrl = await serve("locker", LOCKERD, ["run", "--config", writeLockerConfig(place, portPath)]);

  const site: Site = { handle, kioskUrl, fleetUrl, vaultUrl, ...keys };
  const people = new SimulatedPeople(simulator.process);
  await doorsKnown(site);
  const courier = await hireCourier(site);
  const compartments = await bringParcels(site, courier, ["S", "M"], (parcel) => people.bring(parcel));
  const codes = await inbox.codes(compartments.length);
  people.fetchForEver();
  const door = compartments.at(-1);
  const code = codes.at(-1)?.code;
  print(
    [
      "",
      "  lockerd demo: everything runs on this machine, with keys and credentials made for this run.",
      "",
      `  Kiosk     ${kioskUrl}`,
      `  Console   ${fleetUrl}   access key ${keys.operatorKey.key}`,
      `  Courier   id ${courier.courier}   PIN ${courier.pin}   time code and a parcel's label: press Enter here`,
      "",
      `  Enter ${code === undefined ? "the code of a notice above" : formatCode(code)} at the kiosk and watch door ${door} open.`,
      "  A simulated recipient takes the parcel and closes the door.",
      "",
      "  Ctrl-C stops everything and leaves nothing behind.",
      "",
    ].join("\n"),
  );
  const bringAnother = async () => {
    const parcelToken = newParcelToken();
    await announceParcel(site, { parcelToken, size: "S", email: "another-recipient@example.org" });
    // The code of the present half minute may have been used.
    print(`  time code ${timeCode(courier, 30)}\n  label     ${parcelToken}`);
  };
  createInterface({ input: process.stdin }).on("line", () => {
    bringAnother().catch((error: unknown) => print(`  ${String(error)}`));
  });
}

function urlOf(child: Child): string {
  if (child.ready.url === undefined) throw new Error(`${child.name} reports no URL`);
  return child.ready.url;
}
