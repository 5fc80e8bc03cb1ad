import type { Result } from "../../contract/result.ts";
import type { EmailContact, NoticeLanguage } from "../../contract/vault-api.ts";

/** What one recipient is told about one parcel. Held in RAM for at most {@link NOTIFY_MS_MAX}. */
export type PickupNotice = {
  readonly to: EmailContact;
  readonly language: NoticeLanguage;
  readonly lockerName: string;
  readonly lockerAddress: string;
  readonly code: string;
  readonly extension: string;
  /** The same at every try, so that a mail system can drop a second copy. */
  readonly messageName: string;
};

/** `cause` is a word of the transport, such as ECONNREFUSED; never its sentence, which may quote the address. */
export type Undelivered = { readonly code: "undelivered"; readonly cause: string };

/** Tells a recipient; resolves when the next station has taken the notice over. */
export type Notifier = {
  readonly send: (notice: PickupNotice, signal: AbortSignal) => Promise<Result<void, Undelivered>>;
};

/** How long a contact and a code may lie open in RAM for one use. */
export const NOTIFY_MS_MAX = 5_000;
