import type { TruthEntry } from "../../../sim/cabinet.ts";
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
  /** Asks for the door. Whether an answer comes is not its business. */
  readonly ask: () => Promise<unknown>;
  readonly random: (max: number) => number;
};

export type Strike = { readonly name: string; readonly act: (scene: Scene) => Promise<void> };

const WITHIN = { withinMs: 10_000 };

const isPulse = ({ kind }: TruthEntry): boolean => kind === "pulse";

async function pulse({ site, fromIndex }: Scene): Promise<TruthEntry> {
  return await site.cabinet.waitFor(isPulse, { ...WITHIN, fromIndex });
}

/** Ends the bus process as a crash would, and waits until it is gone. */
async function killBus(site: Site): Promise<void> {
  const pid = await site.busPid();
  process.kill(pid, "SIGKILL");
  await eventually("the end of the bus process", () => (isAlive(pid) ? undefined : true));
}

/** Aimed at each named point in the opening of a door, and at each process. */
export const STRIKES: readonly Strike[] = [
  {
    name: "locker, while it is being asked",
    act: async (scene) => {
      const asked = scene.ask();
      await letPass(scene.random(15));
      await scene.site.kill("locker");
      await asked;
    },
  },
  {
    name: "locker and bus, with the unlock on its way between them",
    act: async ({ site, ask }) => {
      // A stopped process reads nothing: the order stays in the channel, and dies with both ends of it.
      const bus = await site.busPid();
      process.kill(bus, "SIGSTOP");
      await ask();
      process.kill(bus, "SIGKILL");
      await site.kill("locker");
    },
  },
  {
    name: "locker, at the pulse",
    act: async (scene) => {
      const asked = scene.ask();
      await pulse(scene);
      await scene.site.kill("locker");
      await asked;
    },
  },
  {
    name: "locker, with the door seen open",
    act: async ({ site, kiosk, ask, random }) => {
      const asked = ask();
      await kiosk.until("an open door", ({ operation }) => operation?.state === "open");
      await letPass(random(150));
      await site.kill("locker");
      await asked;
    },
  },
  {
    name: "power of locker and board, at the pulse",
    act: async (scene) => {
      const asked = scene.ask();
      const entry = await pulse(scene);
      await scene.site.kill("locker");
      if (entry.kind === "pulse") await scene.site.cabinet.tell("reset", { board: entry.board, reason: "powerOn" });
      await asked;
    },
  },
  {
    name: "bus, at the pulse",
    act: async (scene) => {
      const asked = scene.ask();
      await pulse(scene);
      await killBus(scene.site);
      await asked;
    },
  },
  {
    name: "bus, while the door is asked for",
    act: async ({ site, ask, random }) => {
      const asked = ask();
      await letPass(random(120));
      await killBus(site);
      await asked;
    },
  },
  {
    name: "broker, at the pulse",
    act: async (scene) => {
      const asked = scene.ask();
      await pulse(scene);
      await scene.site.kill("broker");
      await asked;
    },
  },
  {
    name: "fleet, at the pulse",
    act: async (scene) => {
      const asked = scene.ask();
      await pulse(scene);
      await scene.site.kill("fleet");
      await asked;
    },
  },
  {
    name: "locker, at any moment",
    act: async ({ site, ask, random }) => {
      const asked = ask();
      await letPass(random(800));
      await site.kill("locker");
      await asked;
    },
  },
];
