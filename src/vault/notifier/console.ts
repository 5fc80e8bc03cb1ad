import { ok } from "../../contract/result.ts";
import type { Notifier } from "./notifier.ts";
import { noticeText } from "./text.ts";

export const CONSOLE_NOTICE_BEGIN = "===== notice to a recipient =====";
export const CONSOLE_NOTICE_END = "===== end of notice =====";

/**
 * Prints each notice as one marked block, for the demo: whoever sees the output plays the recipient.
 *
 * The address is left out: it helps nobody who reads the output, and outputs are kept.
 */
export const consoleNotifier = (print: (block: string) => void): Notifier => ({
  send(notice) {
    const { subject, body } = noticeText(notice);
    print(`${CONSOLE_NOTICE_BEGIN}\n${subject}\n\n${body}\n${CONSOLE_NOTICE_END}\n`);
    return Promise.resolve(ok(undefined));
  },
});
