import type { KeyObject } from "node:crypto";
import type { Logger } from "pino";
import type { LockerHandle } from "../contract/ids.ts";
import { jwsType, VaultAnswer, type VaultNotice } from "../contract/messages.ts";
import { jsonParser } from "../contract/parse.ts";
import { err, type Result } from "../contract/result.ts";
import type { EpochMs } from "../contract/time.ts";
import { NOTICE_CONTENT_TYPE } from "../contract/vault-api.ts";
import { signClaims } from "./keys.ts";
import type { VaultOutboxRow } from "./schema.ts";
import type { FleetStore } from "./store.ts";
import { deferNotice, dueNotices, nextNoticeAt, settleNotice } from "./vault-outbox.ts";

export type VaultLinkDeps = {
  readonly store: FleetStore;
  readonly url: string;
  readonly linkKey: KeyObject;
  readonly now: () => EpochMs;
  readonly random: () => number;
  readonly onNotified: (locker: LockerHandle) => void;
  readonly onFatal: (error: unknown) => void;
  readonly log: Logger;
};

export type VaultLink = {
  /** Looks for notices now; to be called when some may have come. */
  readonly wake: () => void;
  readonly close: () => Promise<void>;
};

const NOTICES_AT_ONCE = 50;
const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 1_024;

/** Tells the vault what is queued for it, at least once each, one after another, until it has said that it knows. */
export function createVaultLink(deps: VaultLinkDeps): VaultLink {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let wanted = false;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (wanted && !stop.signal.aborted) {
      wanted = false;
      const due = await dueNotices(deps.store.db, deps.now(), NOTICES_AT_ONCE);
      for (const notice of due) {
        if (!stop.signal.aborted) await deliver(deps, notice, stop.signal);
      }
      if (due.length === NOTICES_AT_ONCE) wanted = true;
    }
    if (stop.signal.aborted) return;
    const nextAt = await nextNoticeAt(deps.store.db);
    clearTimeout(timer);
    if (nextAt === undefined) return;
    timer = setTimeout(wake, Math.max(0, nextAt - deps.now()));
    timer.unref();
  };
  const wake = (): void => {
    wanted = true;
    if (running !== undefined || stop.signal.aborted) return;
    running = run()
      .catch(deps.onFatal)
      .finally(() => {
        running = undefined;
        if (wanted) wake();
      });
  };
  wake();
  return {
    wake,
    close: async () => {
      stop.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

async function deliver(deps: VaultLinkDeps, notice: VaultOutboxRow, signal: AbortSignal): Promise<void> {
  const answer = await post(deps, notice, signal);
  if (signal.aborted) return;
  const { locker, kind } = notice;
  if (!answer.ok) {
    const { code: refusal, status } = answer.error;
    deps.log.warn({ locker, kind, refusal, status }, "vault did not take a notice");
  } else if (answer.value.result !== "waiting") {
    await settleNotice(deps.store.db, notice, answer.value.result === "notified");
    if (notice.sealed !== null) deps.store.scrub();
    deps.onNotified(locker);
    return;
  }
  await deferNotice(deps.store.db, notice, deps.now(), deps.random);
}

type PostError = { readonly code: "unreachable" | "refused" | "bad_answer"; readonly status?: number };

const parseAnswer = jsonParser(VaultAnswer);

async function post(
  { url, linkKey }: VaultLinkDeps,
  notice: VaultOutboxRow,
  signal: AbortSignal,
): Promise<Result<VaultAnswer, PostError>> {
  const body = await signClaims(linkKey, jwsType.notice, noticeOf(notice));
  try {
    const response = await fetch(new URL("/v1/notices", url), {
      method: "POST",
      headers: { "content-type": NOTICE_CONTENT_TYPE },
      body,
      // A redirect would carry the notice to a host nobody configured.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const text = await response.text();
    if (!response.ok) return err({ code: "refused", status: response.status });
    const answer = text.length > ANSWER_BYTES_MAX ? undefined : parseAnswer(text);
    return answer?.ok === true ? answer : err({ code: "bad_answer" });
  } catch {
    return err({ code: "unreachable" });
  }
}

function noticeOf(row: VaultOutboxRow): VaultNotice {
  const { notice, deposit, verifier, sealed, ended_at } = row;
  if (row.kind === "issued" && sealed !== null) return { kind: "issued", notice, sealed };
  if (row.kind !== "issued" && ended_at !== null) {
    return { kind: "ended", cause: row.kind, notice, deposit, verifier, endedAt: ended_at };
  }
  throw new Error(`vault outbox row ${notice} is neither an issued code nor an ended deposit`);
}
