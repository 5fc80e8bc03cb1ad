import { DepositParams, PickupRequest, QrRequest } from "../../../contract/kiosk-api.ts";
import { parseTypedCode } from "../../../contract/pickup-code.ts";
import type { Proofs } from "../../ports.ts";
import { sendAnswer } from "../answer.ts";
import { answerInTurn, type InTurn } from "../answer-in-turn.ts";
import type { KioskApp } from "../kiosk-app.ts";
import { problemOf, sendProblem } from "../problems.ts";
import { EmptyBody } from "./empty-body.ts";

export type PickupDeps = InTurn & { readonly proofs: Proofs };

/** What recipients do: type a code or show its QR, open once more, dispute. */
export function pickupRoutes(app: KioskApp, deps: PickupDeps): void {
  const { engine, proofs } = deps;

  app.post("/kiosk/v1/pickup", { schema: { body: PickupRequest } }, async (request, reply) => {
    const typed = parseTypedCode(request.body.code);
    // Surely mistyped: told at once, no guess, no crypto.
    if (!typed.ok) return sendProblem(reply, problemOf(typed.error));
    const makeInput = async () => ({ kind: "type_code", ...(await proofs.ofTypedCode(typed.value)) }) as const;
    return answerInTurn(deps, { request, reply }, { pause: "codePausedUntil", makeInput });
  });

  app.post("/kiosk/v1/pickup/qr", { schema: { body: QrRequest } }, async (request, reply) => {
    const { token } = request.body;
    const makeInput = async () => ({ kind: "scan_qr", token: await proofs.ofQrToken(token) }) as const;
    return answerInTurn(deps, { request, reply }, { pause: null, makeInput });
  });

  for (const [verb, kind] of [
    ["reopen", "reopen_pickup"],
    ["dispute", "dispute_pickup"],
  ] as const) {
    const schema = { params: DepositParams, body: EmptyBody };
    app.post(`/kiosk/v1/pickups/:deposit/${verb}`, { schema }, async (request, reply) =>
      sendAnswer(reply, engine.submit({ kind, deposit: request.params.deposit })),
    );
  }
}
