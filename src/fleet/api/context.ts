import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { Logger } from "pino";
import type { LockerHandle } from "../../contract/ids.ts";
import type { EpochMs } from "../../contract/time.ts";
import type { Changes } from "../changes.ts";
import type { Commands } from "../commands.ts";
import type { Desired } from "../desired.ts";
import type { FleetStore } from "../store.ts";
import type { Auth } from "./auth.ts";

declare module "fastify" {
  interface FastifySchema {
    /** One line for the API's description. */
    readonly summary?: string;
  }
}

/** A Fastify instance whose routes take the types of their bodies from their schemas. */
export type ApiServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What routes need of the fleet. */
export type ApiContext = {
  readonly store: FleetStore;
  readonly lockers: ReadonlyMap<LockerHandle, { readonly name: string }>;
  readonly auth: Auth;
  readonly commands: Commands;
  readonly desired: Desired;
  readonly changes: Changes;
  readonly isBrokerConnected: () => boolean;
  readonly now: () => EpochMs;
  readonly version: string;
  /** Folder of the built console. */
  readonly consoleRoot: string;
  readonly log: Logger;
};
