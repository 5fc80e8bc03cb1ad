import { createHash } from "node:crypto";
import type { DepositId, ProofDigest } from "../../src/contract/ids.ts";
import { codeFromHotp } from "../../src/contract/pickup-code.ts";
import type { Secrets } from "../../src/locker/ports.ts";
import type { Agenda } from "../agenda.ts";
import type { Dice } from "./dice.ts";

/** What a notice tells a recipient. */
export type Letter = {
  readonly deposit: DepositId;
  readonly code: string;
  readonly extension: string;
  readonly qrToken: string;
};

export const proofDigest = (kind: "code" | "extension" | "qr", text: string): ProofDigest =>
  sha256(`${kind} ${text}`).slice(0, 32) as ProofDigest;

export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

type Prepared = Awaited<ReturnType<Secrets["prepareCode"]>>;

/** How often a fresh code is one that was drawn before. */
const COLLISION_CHANCE = 0.1;

/**
 * The slow crypto, answering by the virtual clock. What it seals only `unseal` opens: the model vault's side.
 *
 * `resolving` is told before a promise is settled, so that the world lets its reactions run at this virtual moment.
 */
export class ModelSecrets implements Secrets {
  readonly #agenda: Agenda;
  readonly #dice: Dice;
  readonly #resolving: () => void;
  readonly #letters = new Map<string, Letter>();
  readonly #drawn: string[] = [];

  constructor(parts: { readonly agenda: Agenda; readonly dice: Dice; readonly resolving: () => void }) {
    this.#agenda = parts.agenda;
    this.#dice = parts.dice;
    this.#resolving = parts.resolving;
  }

  prepareCode = ({ deposit }: Parameters<Secrets["prepareCode"]>[0]): Promise<Prepared> => {
    const dice = this.#dice;
    const isRepeat = this.#drawn.length > 0 && dice.chance(COLLISION_CHANCE);
    const code = isRepeat
      ? dice.pick(this.#drawn)
      : codeFromHotp(dice.whole(0, 99_999_999).toString().padStart(8, "0"));
    this.#drawn.push(code);
    const letter = {
      deposit,
      code,
      extension: dice.whole(0, 9_999).toString().padStart(4, "0"),
      qrToken: dice.hex(32),
    };
    const sealed = `sealed.${dice.hex(32)}`;
    this.#letters.set(sealed, letter);
    const { promise, resolve } = Promise.withResolvers<Prepared>();
    this.#agenda.after(dice.between(60, dice.chance(0.1) ? 3_000 : 400), () => {
      this.#resolving();
      resolve({
        digests: {
          code: proofDigest("code", letter.code),
          extension: proofDigest("extension", letter.extension),
          qr: proofDigest("qr", letter.qrToken),
        },
        sealed,
        sealedHash: sha256(sealed),
      });
    });
    return promise;
  };

  /** What the vault reads in a sealed secret. */
  unseal(sealed: string): Letter {
    const letter = this.#letters.get(sealed);
    if (letter === undefined) throw new Error("a sealed secret that was never sealed");
    return letter;
  }
}
