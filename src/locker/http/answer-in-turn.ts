import type { FastifyReply, FastifyRequest } from "fastify";
import type { KioskInput } from "../domain/input.ts";
import type { Runtime } from "../domain/model.ts";
import type { Reply } from "../domain/output.ts";
import { sendAnswer } from "./answer.ts";
import type { KioskEngine } from "./kiosk-engine.ts";
import { problemOf, sendProblem } from "./problems.ts";
import type { Turnstile } from "./turnstile.ts";

export type InTurn = { readonly engine: KioskEngine; readonly turnstile: Turnstile };

type Pause = keyof Pick<Runtime, "codePausedUntil" | "pinPausedUntil">;

/**
 * Answers a request whose input takes slow crypto to make, one at a time. While `pause` stands the crypto is not done
 * at all. Nothing is submitted for somebody who has hung up: the page has told them that it did not work, so no door
 * may open behind their back.
 */
export async function answerInTurn(
  { engine, turnstile }: InTurn,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { pause, makeInput }: { readonly pause: Pause | null; readonly makeInput: () => Promise<KioskInput> },
): Promise<void> {
  const passed = await turnstile.pass(async () => {
    const standing = pause === null ? undefined : standingPause(engine, pause);
    if (standing !== undefined) return standing;
    const input = await makeInput();
    return request.socket.destroyed ? undefined : engine.submit(input);
  });
  if (!passed.ok) return sendProblem(reply, problemOf(passed.error));
  if (passed.value !== undefined) await sendAnswer(reply, passed.value);
}

function standingPause(engine: KioskEngine, pause: Pause): Reply | undefined {
  const remainingMs = (engine.state.runtime.get(1)?.[pause] ?? 0) - engine.now().mono;
  return remainingMs > 0 ? { kind: "refused", refusal: { code: "paused", remainingMs } } : undefined;
}
