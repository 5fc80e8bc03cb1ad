import type { TruthEntry } from "../../../sim/cabinet.ts";
import type { KioskView } from "../../../src/contract/kiosk-api.ts";
import { letPass } from "../../support/let-pass.ts";
import { eventually } from "../support/eventually.ts";
import type { Kiosk } from "../support/kiosk.ts";
import { isAlive } from "../support/processes.ts";
import type { Site } from "../support/site.ts";

/** What a strike has in its hands: the wish for a door to open, not yet sent. */
export type Scene = {
  readonly site: Site;
  readonly kiosk: Kiosk;
  /** First entry of the truth that belongs to this cycle. */
  readonly fromIndex: number;
  /** Asks for the door, and answers why it was refused; undefined when it was not, or no answer came. */
  readonly ask: () => Promise<string | undefined>;
  readonly random: (max: number) => number;
};

export type Strike = {
  readonly name: string;
  /** Answers why the strike found nothing to fall on; undefined when it fell. */
  readonly act: (scene: Scene) => Promise<string | undefined>;
};

type Pulse = Extract<TruthEntry, { kind: "pulse" }>;

/** Asks for the door and strikes at the moment of its pulse, unless the locker or the board refuses. */
async function atThePulse(scene: Scene, strike: (pulse: Pulse) => Promise<void>): Promise<string | undefined> {
  const { site, kiosk, fromIndex } = scene;
  const before = kiosk.view.operation?.operation;
  const coming = Promise.withResolvers<Pulse>();
  const leave = site.cabinet.onEvent((entry) => {
    if (entry.kind === "pulse" && entry.index >= fromIndex) coming.resolve(entry);
  });
  const asked = scene.ask();
  const refused = asked.then(async (code) => code ?? (await endWithoutPulse(kiosk, before)));
  const first = await Promise.race([coming.promise, refused]);
  leave();
  if (typeof first === "string") return first;
  await strike(first);
  await asked;
  // Its kiosk may be gone, and with it the stream that is listened to.
  refused.catch(() => undefined);
  return undefined;
}

async function endWithoutPulse(kiosk: Kiosk, before: string | undefined): Promise<string> {
  const isOver = ({ operation }: KioskView): boolean =>
    operation !== null &&
    operation.operation !== before &&
    ["rejected", "blocked", "in_doubt"].includes(operation.state);
  const { operation } = await kiosk.until("a pulse, or the end of the opening", isOver);
  return operation?.state ?? "";
}

/** Ends the bus process as a crash would, and waits until it is gone. */
async function killBus(site: Site): Promise<void> {
  const pid = await site.busPid();
  process.kill(pid, "SIGKILL");
  await eventually("the end of the bus process", () => (isAlive(pid) ? undefined : true));
}

/** Kills the locker at a moment that only chance knows. */
const atAnyMoment =
  (withinMs: number): Strike["act"] =>
  async ({ site, ask, random }) => {
    const asked = ask();
    await letPass(random(withinMs));
    await site.kill("locker");
    await asked;
    return undefined;
  };

/** Aimed at each named point in the opening of a door, and at each process. */
export const STRIKES: readonly Strike[] = [
  { name: "locker, while it is being asked", act: atAnyMoment(15) },
  {
    name: "locker, with the request in its hands and unread",
    act: async ({ site, ask, random }) => {
      process.kill(site.pidOf("locker"), "SIGSTOP");
      const asked = ask();
      await letPass(random(20));
      await site.kill("locker");
      await asked;
      return undefined;
    },
  },
  {
    name: "locker and bus, with the unlock on its way between them",
    act: async ({ site, ask }) => {
      // A stopped process reads nothing: the order stays in the channel, and dies with both ends of it.
      const bus = await site.busPid();
      process.kill(bus, "SIGSTOP");
      const refused = await ask();
      process.kill(bus, "SIGKILL");
      await site.kill("locker");
      return refused;
    },
  },
  { name: "locker, at the pulse", act: (scene) => atThePulse(scene, () => scene.site.kill("locker")) },
  {
    name: "locker, with the door seen open",
    act: async (scene) =>
      await atThePulse(scene, async () => {
        await scene.kiosk.until("an open door", ({ operation }) => operation?.state === "open");
        await letPass(scene.random(150));
        await scene.site.kill("locker");
      }),
  },
  {
    name: "power of locker and board, at the pulse",
    act: async (scene) =>
      await atThePulse(scene, async ({ board }) => {
        await scene.site.kill("locker");
        await scene.site.cabinet.tell("reset", { board, reason: "powerOn" });
      }),
  },
  { name: "bus, at the pulse", act: (scene) => atThePulse(scene, () => killBus(scene.site)) },
  {
    name: "bus, while the door is asked for",
    act: async ({ site, ask, random }) => {
      const asked = ask();
      await letPass(random(120));
      await killBus(site);
      return await asked;
    },
  },
  { name: "broker, at the pulse", act: (scene) => atThePulse(scene, () => scene.site.kill("broker")) },
  { name: "fleet, at the pulse", act: (scene) => atThePulse(scene, () => scene.site.kill("fleet")) },
  { name: "locker, at any moment", act: atAnyMoment(800) },
];
