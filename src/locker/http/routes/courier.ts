import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { hex128Pattern } from "../../../contract/ids.ts";
import { DepositParams, SignInRequest, StartDepositRequest } from "../../../contract/kiosk-api.ts";
import { parcelVerifier } from "../../../contract/parcel-token.ts";
import type { KioskInput } from "../../domain/input.ts";
import type { CourierCheck } from "../../ports.ts";
import { sendAnswer } from "../answer.ts";
import { answerInTurn, type InTurn } from "../answer-in-turn.ts";
import type { KioskApp } from "../kiosk-app.ts";
import { problemOf, sendProblem } from "../problems.ts";
import { EmptyBody } from "./empty-body.ts";

export type CourierDeps = InTurn & { readonly checkCourier: CourierCheck };

const SESSION = new RegExp(hex128Pattern);

const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What couriers do: sign in, deposit parcel after parcel, sign out. */
export function courierRoutes(app: KioskApp, deps: CourierDeps): void {
  const { engine, checkCourier } = deps;

  app.post("/kiosk/v1/courier/sign-in", { schema: { body: SignInRequest } }, async (request, reply) => {
    const { courier: id, pin, totp } = request.body;
    const makeInput = async () => {
      const courier = engine.state.courier.get(id);
      const checked = await checkCourier({ courier, pin, timeCode: totp, wall: engine.now().wall });
      return { kind: "sign_in", courier: courier?.id ?? null, ...checked } as const;
    };
    return answerInTurn(deps, { request, reply }, { pause: "pinPausedUntil", makeInput });
  });

  /** Submits what a signed-in courier asks; whose session it is, the domain knows. */
  const submit = async (
    request: FastifyRequest,
    reply: FastifyReply,
    toInput: (session: string) => KioskInput,
  ): Promise<void> => {
    const session = request.headers["x-courier-session"];
    if (typeof session !== "string" || !SESSION.test(session)) {
      return sendProblem(reply, problemOf({ code: "no_session" }));
    }
    return sendAnswer(reply, engine.submit(toInput(session)));
  };

  for (const [verb, kind] of [
    ["sign-out", "sign_out"],
    ["touch", "touch"],
  ] as const) {
    app.post(`/kiosk/v1/courier/${verb}`, { schema: { body: EmptyBody } }, async (request, reply) =>
      submit(request, reply, (session) => ({ kind, session })),
    );
  }

  app.post("/kiosk/v1/courier/deposits", { schema: { body: StartDepositRequest } }, async (request, reply) => {
    const { parcelToken, size } = request.body;
    const verifier = parcelVerifier(parcelToken, sha256Hex);
    return submit(request, reply, (session) => ({ kind: "start_deposit", session, verifier, size }));
  });

  for (const [verb, kind] of [
    ["confirm", "confirm_deposit"],
    ["cancel", "cancel_deposit"],
    ["reopen", "reopen_deposit"],
  ] as const) {
    const schema = { params: DepositParams, body: EmptyBody };
    app.post(`/kiosk/v1/courier/deposits/:deposit/${verb}`, { schema }, async (request, reply) =>
      submit(request, reply, (session) => ({ kind, session, deposit: request.params.deposit })),
    );
  }
}
