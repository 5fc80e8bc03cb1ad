import type { KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { compactVerify, decodeProtectedHeader } from "jose";
import { jwsType, type VaultAnswer, VaultNotice } from "../../src/contract/messages.ts";
import { jsonParser } from "../../src/contract/parse.ts";
import { NOTICE_CONTENT_TYPE } from "../../src/contract/vault-api.ts";

const parseNotice = jsonParser(VaultNotice);

/** A vault's ear: verifies every notice as a vault would, remembers it, and answers as it is told. */
export class ModelVault {
  readonly url: string;
  readonly heard: VaultNotice[] = [];
  readonly close: () => Promise<void>;
  /** The fleet's public link key; nothing is believed before it is pinned. */
  fleetKey: KeyObject | undefined;
  answer: (notice: VaultNotice) => VaultAnswer["result"] | "broken" | "refused" = () => "refused";

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.close = close;
  }

  static async open(): Promise<ModelVault> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const isNotice = request.url === "/v1/notices" && request.headers["content-type"] === NOTICE_CONTENT_TYPE;
        const text = Buffer.concat(chunks).toString();
        (isNotice ? vault.take(text) : Promise.resolve([404, "{}"] as const)).then(
          ([status, body]) => {
            response.writeHead(status, { "content-type": "application/json" }).end(body);
          },
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
    const vault: ModelVault = new ModelVault(`http://127.0.0.1:${address.port}`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    return vault;
  }

  async take(text: string): Promise<readonly [status: number, body: string]> {
    if (this.fleetKey === undefined) return [403, "{}"];
    if (decodeProtectedHeader(text).typ !== jwsType.notice) return [400, "{}"];
    const { payload } = await compactVerify(text, this.fleetKey, { algorithms: ["EdDSA"] });
    const notice = parseNotice(new TextDecoder().decode(payload));
    if (!notice.ok) return [400, "{}"];
    this.heard.push(notice.value);
    const result = this.answer(notice.value);
    if (result === "refused") return [503, "{}"];
    return [200, result === "broken" ? "{}" : JSON.stringify({ result })];
  }
}
