import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import closeWithGrace from "close-with-grace";
import type { LockerConfig } from "../config/locker.ts";
import { StartRefused } from "../config/start-refused.ts";
import type { Epoch } from "../contract/ids.ts";
import { createLockBus } from "./bus/lock-bus.ts";
import { missingFromLayout } from "./domain/boot.ts";
import { boardsHealth } from "./domain/view.ts";
import { Engine } from "./engine.ts";
import { createKioskServer } from "./http/server.ts";
import { openAlarm } from "./platform/alarm.ts";
import { clockTrust, SYNCHRONIZED_FILE, systemClock, type TrustSettings, watchClockTrust } from "./platform/clock.ts";
import { createCourierCheck } from "./platform/couriers.ts";
import { hasDiskSpace } from "./platform/disk.ts";
import { type KeyFault, type LockerKeys, loadKeys } from "./platform/keys.ts";
import { createLetters } from "./platform/letters.ts";
import { createLog } from "./platform/log.ts";
import { createProofs } from "./platform/proofs.ts";
import { systemRandom } from "./platform/random.ts";
import { createSecrets } from "./platform/secrets.ts";
import { createSlowHash } from "./platform/slow-hash.ts";
import { type Notify, openNotify } from "./platform/systemd.ts";
import { startWatchdog } from "./platform/watchdog.ts";
import type { Log, Uplink } from "./ports.ts";
import { checkJournalInBackground } from "./store/check-journal.ts";
import { keepHouse } from "./store/keep-house.ts";
import { openErrorText } from "./store/open-error-text.ts";
import { openStore, type SqliteStore } from "./store/sqlite-store.ts";
import { createUplink, type LockerUplink } from "./uplink/mqtt-uplink.ts";

const STOP_MS_MAX = 10_000;

/**
 * Runs the locker until it is told to stop.
 *
 * @throws StartRefused when a key, the database or the layout needs a person first.
 */
export async function runLocker(config: LockerConfig, version: string): Promise<void> {
  const log = createLog(config.log.level, process.env);
  const notify = openNotify(process.env);
  const locker = await startLocker(config, { version, log, notify });
  const stopWatchdog = startWatchdog(notify);
  // Before anybody is told that it runs, and so may tell it to stop.
  closeWithGrace({ delay: STOP_MS_MAX, logger: false }, async ({ err }) => {
    if (err) log.error({ err }, "locker fails");
    notify.stopping();
    stopWatchdog();
    await locker.stop(err ? "failed" : "meant");
    log.info({}, "locker is closed");
  });
  notify.ready();
  log.info({ url: locker.url, version }, "locker is open");
  process.send?.({ kind: "ready", url: locker.url });
}

type RunningLocker = {
  readonly url: string;
  /** Only a stop that was meant is written down as one. */
  readonly stop: (why: "meant" | "failed") => Promise<void>;
};

type Surroundings = { readonly version: string; readonly log: Log; readonly notify: Notify };

async function startLocker(config: LockerConfig, { version, log, notify }: Surroundings): Promise<RunningLocker> {
  const keys = keysOf(config, log);
  const store = storeOf(config, log);
  const fatal = (cause: unknown): never => {
    log.error({ err: cause }, "locker cannot go on");
    process.exit(1);
  };
  const layout = config.compartments;
  const trust: TrustSettings = {
    policy: config.clock.trust,
    synchronizedFile: SYNCHRONIZED_FILE,
    wallFloor: () => engine.state.meta.get(1)?.wallFloor ?? systemClock.now().wall,
  };
  const slowHash = createSlowHash();
  const proofs = createProofs({ pepper: keys.pepper, handle: store.handle, slowHash });
  const bus = createLockBus(config.buses, { log, monoNow: () => systemClock.now().mono });
  let uplink: LockerUplink | undefined;
  const engine = new Engine({
    store,
    clock: systemClock,
    random: systemRandom,
    alarm: openAlarm(systemClock),
    bus,
    secrets: createSecrets({ handle: store.handle, proofs, signingKey: keys.signingKey, vaultKey: keys.vaultKey }),
    uplink: { committed: (lastSeq) => uplink?.committed(lastSeq) } satisfies Uplink,
    fatal,
  });
  const stranded = missingFromLayout(engine.state, layout);
  if (stranded.length > 0) throw new StartRefused(strandedParcels(stranded));
  engine.boot({ kind: "boot", layout, clockTrust: clockTrust(trust, systemClock.now().wall), opened: store.opened });
  const unwatchTrust = watchClockTrust(trust, systemClock, (now) => engine.post({ kind: "clock", trust: now }));
  uplink = uplinkOf({ config, keys, store, engine, version, log, fatal });
  const unwatchHealth = watchBoards(engine, () => uplink?.statusChanged());
  const kiosk = await createKioskServer({
    engine,
    lockerName: config.locker.name,
    staticDir: fileURLToPath(new URL("../../dist/web/kiosk", import.meta.url)),
    proofs,
    checkCourier: createCourierCheck(keys.boardKey, slowHash),
    isDatabaseReadable: () => isReadable(store),
    hasDiskSpace: () => hasDiskSpace(dirname(config.database)),
    version,
    log,
    port: config.kiosk.port,
  });
  const stopUpkeep = keepUp(store, engine, { log, notify });
  return {
    url: kiosk.url,
    stop: async (why) => {
      stopUpkeep();
      unwatchTrust();
      unwatchHealth();
      await kiosk.close();
      await uplink?.stop();
      await (why === "meant" ? engine.stop() : engine.halt());
    },
  };
}

/** What the database needs while nobody waits for it. Returns the way to stop. */
function keepUp(store: SqliteStore, engine: Engine, { log, notify }: Pick<Surroundings, "log" | "notify">): () => void {
  const stopHousekeeping = keepHouse({
    store,
    clock: systemClock,
    clockTrust: () => engine.state.runtime.get(1)?.clockTrust ?? "unset",
  });
  const stopCheck = checkJournalInBackground(store, { log, onBroken: (sentence) => notify.status(sentence) });
  return () => {
    stopHousekeeping();
    stopCheck();
  };
}

function keysOf(config: LockerConfig, log: Log): LockerKeys {
  const keys = loadKeys(config);
  if (!keys.ok) throw new StartRefused(keys.error.map(keyFaultText).join("\n"));
  for (const file of keys.value.exposedFiles) log.warn({ file }, "others can read this key file");
  return keys.value;
}

const keyFaultText = ({ code, where, wanted }: KeyFault): string =>
  `${where}: ${code === "unreadable" ? "cannot be read" : "holds something else"}; wanted: ${wanted}`;

function storeOf(config: LockerConfig, log: Log): SqliteStore {
  const newEpoch = randomBytes(8).toString("hex") as Epoch;
  const store = openStore({ path: config.database, handle: config.locker.handle, newEpoch });
  if (!store.ok) throw new StartRefused(openErrorText(config.database, store.error));
  const { quarantinedTo } = store.value;
  if (quarantinedTo !== null) log.error({ quarantinedTo }, "database was damaged and is set aside");
  return store.value;
}

const strandedParcels = (compartments: readonly number[]): string =>
  `compartments ${compartments.join(", ")} hold parcels and are missing from the configuration: put them back, or have the parcels collected first`;

function uplinkOf(parts: {
  readonly config: LockerConfig;
  readonly keys: LockerKeys;
  readonly store: SqliteStore;
  readonly engine: Engine;
  readonly version: string;
  readonly log: Log;
  readonly fatal: (cause: unknown) => void;
}): LockerUplink | undefined {
  const { config, keys, store, engine, version, log, fatal } = parts;
  if (config.uplink === undefined) return undefined;
  const letters = createLetters({ ...keys, handle: store.handle });
  return createUplink({
    settings: config.uplink,
    outbox: store,
    lastAcked: engine.state.meta.get(1)?.ackedSeq ?? 0,
    handle: store.handle,
    epoch: store.epoch,
    letters,
    post: (input) => engine.post(input),
    health: () => ({ boards: boardsHealth(engine.state), version }),
    clock: systemClock,
    alarm: openAlarm(systemClock),
    random: Math.random,
    fatal,
    log,
  });
}

/** The boards' health is part of the retained status. */
function watchBoards(engine: Engine, onChange: () => void): () => void {
  let known = boardsHealth(engine.state);
  return engine.onChange(() => {
    const health = boardsHealth(engine.state);
    if (health === known) return;
    known = health;
    onChange();
  });
}

function isReadable(store: SqliteStore): boolean {
  try {
    store.rowsAfter(store.lastSeq() - 1, 1);
    return true;
  } catch {
    return false;
  }
}
