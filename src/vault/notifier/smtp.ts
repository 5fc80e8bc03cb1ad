import { createTransport } from "nodemailer";
import { err, ok } from "../../contract/result.ts";
import { NOTIFY_MS_MAX, type Notifier } from "./notifier.ts";
import { noticeText } from "./text.ts";

export type SmtpOptions = {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS, without which nothing is sent to another machine. */
  readonly secure: boolean;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly from: string;
};

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Sends each notice as a plain-text mail, over a connection of its own. */
export function smtpNotifier(options: SmtpOptions): Notifier {
  const { host, port, secure, credentials, from } = options;
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: !secure && !LOOPBACK.test(host),
    tls: { minVersion: "TLSv1.2" },
    connectionTimeout: NOTIFY_MS_MAX,
    greetingTimeout: NOTIFY_MS_MAX,
    socketTimeout: NOTIFY_MS_MAX,
    dnsTimeout: NOTIFY_MS_MAX,
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(credentials === undefined ? {} : { auth: { user: credentials.username, pass: credentials.password } }),
  });
  return {
    async send(notice, signal) {
      const { subject, body } = noticeText(notice);
      const to = { name: "", address: notice.to.address };
      const messageId = `<${notice.messageName}@${domainOf(from)}>`;
      try {
        await transport.sendMail({ from, to, subject, text: body, messageId, signal });
        return ok(undefined);
      } catch (cause) {
        return err({ code: "undelivered", cause: wordOf(cause) });
      }
    },
  };
}

/** "example.org" of "Lockers <lockers@example.org>". */
const domainOf = (from: string): string => from.slice(from.lastIndexOf("@") + 1).replace(">", "");

/** The error's own code (EENVELOPE, ECONNECTION, ...). Its message may quote the recipient and goes nowhere. */
function wordOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "EUNKNOWN";
}
