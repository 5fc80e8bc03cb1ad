import type { FastifyReply } from "fastify";
import type { OpeningReply, SignedInReply } from "../../contract/kiosk-api.ts";
import { unreachable } from "../domain/invariant.ts";
import type { Reply } from "../domain/output.ts";
import { problemOf, sendProblem } from "./problems.ts";

/** Sends the domain's answer: 200 with what was opened or who signed in, 204, or the problem of a refusal. */
export async function sendAnswer(reply: FastifyReply, answer: Reply): Promise<void> {
  switch (answer.kind) {
    case "done":
      await reply.code(204).send();
      return;
    case "refused":
      return sendProblem(reply, problemOf(answer.refusal));
    case "opening": {
      const { authorisation, compartment, deposit } = answer;
      await reply.send({ operation: authorisation, compartment, deposit } satisfies OpeningReply);
      return;
    }
    case "signed_in": {
      const { kind: _, ...signedIn } = answer;
      await reply.send({ ...signedIn, unfinished: [...signedIn.unfinished] } satisfies SignedInReply);
      return;
    }
    default:
      return unreachable(answer);
  }
}
