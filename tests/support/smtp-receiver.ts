import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export type ReceivedMail = {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came, dot-stuffing undone. */
  readonly source: string;
};

/** How the server treats the next mails. `silent`: takes the connection and never says a word. */
export type SmtpMood = "accepting" | "refusing_recipients" | "refusing_data" | "silent";

export type SmtpReceiver = AsyncDisposable & {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Messages handed over, also those refused after their data. */
  readonly attemptsCount: () => number;
  readonly setMood: (mood: SmtpMood) => void;
};

type Session = { from: string; to: string[]; lines: string[] | undefined };

/** A mail server on loopback that speaks as much of RFC 5321 as a sender needs, and keeps every mail. */
export async function startSmtpReceiver(): Promise<SmtpReceiver> {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let mood: SmtpMood = "accepting";
  let attemptsCount = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    if (mood === "silent") return;
    const session: Session = { from: "", to: [], lines: undefined };
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const finishData = (lines: readonly string[]): void => {
      attemptsCount += 1;
      if (mood === "refusing_data") return say("451 try again later");
      mails.push({ from: session.from, to: [...session.to], source: lines.join("\r\n") });
      session.to = [];
      return say("250 kept");
    };
    onLines(socket, (line) => {
      if (session.lines !== undefined) {
        if (line !== ".") return void session.lines.push(line.replace(/^\.\./, "."));
        const { lines } = session;
        session.lines = undefined;
        return finishData(lines);
      }
      return answerCommand(line, session, { say, mood });
    });
    say("220 receiver.test ESMTP");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    attemptsCount: () => attemptsCount,
    setMood: (next) => {
      mood = next;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function answerCommand(
  line: string,
  session: Session,
  { say, mood }: { readonly say: (line: string) => void; readonly mood: SmtpMood },
): void {
  const address = /<(.*)>/.exec(line)?.[1] ?? "";
  switch (line.split(/[ :]/)[0]?.toUpperCase()) {
    case "EHLO":
      return say("250 receiver.test");
    case "MAIL":
      session.from = address;
      return say("250 ok");
    case "RCPT":
      if (mood === "refusing_recipients") return say(`550 no such mailbox ${address}`);
      session.to.push(address);
      return say("250 ok");
    case "DATA":
      session.lines = [];
      return say("354 go on");
    case "QUIT":
      return say("221 bye");
    default:
      return say("502 not here");
  }
}

function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}

/** The text body of a mail, whatever transfer encoding it came in. */
export function mailText({ source }: ReceivedMail): string {
  const split = source.indexOf("\r\n\r\n");
  const [headers, body] = [source.slice(0, split), source.slice(split + 4)];
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(headers)?.[1]?.toLowerCase();
  if (encoding === "base64") return Buffer.from(body, "base64").toString("utf8");
  if (encoding !== "quoted-printable") return body;
  const bytes = body
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
