import { describe, expect, it } from "vitest";
import { KioskWorld, newParcelToken, problemOf } from "./kiosk-world.ts";

const POSTS: readonly (readonly [path: string, body: object | undefined])[] = [
  ["/pickup", { code: "123456782" }],
  ["/pickup/qr", { token: "A".repeat(22) }],
  [`/pickups/${"0".repeat(32)}/reopen`, undefined],
  [`/pickups/${"0".repeat(32)}/dispute`, undefined],
  ["/courier/sign-in", { courier: "20001", pin: "918273", totp: "564738" }],
  ["/courier/sign-out", undefined],
  ["/courier/touch", undefined],
  ["/courier/deposits", { parcelToken: newParcelToken(), size: "S" }],
  [`/courier/deposits/${"0".repeat(32)}/confirm`, undefined],
  [`/courier/deposits/${"0".repeat(32)}/cancel`, undefined],
  [`/courier/deposits/${"0".repeat(32)}/reopen`, undefined],
];

const hostOf = (world: KioskWorld): string => new URL(world.url).host;

describe("the page", () => {
  it("comes with the cookie that its calls need, out of reach of scripts and other sites", async () => {
    await using world = await KioskWorld.open();
    const page = await world.ask("GET", "/");
    const port = new URL(world.url).port;
    expect([page.status, page.text]).toEqual([200, "<!doctype html><title>kiosk</title>"]);
    expect(page.headers["set-cookie"]).toEqual([
      expect.stringMatching(new RegExp(`^lockerd_kiosk_${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`)),
    ]);
    expect(page.headers["cache-control"]).toBe("no-store");
  });

  it("may load nothing from elsewhere", async () => {
    await using world = await KioskWorld.open();
    for (const path of ["/", "/assets/kiosk-abc123.js", "/nowhere"]) {
      const { headers } = await world.ask("GET", path);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
    }
  });

  it("has assets that are kept for ever, and give no cookie", async () => {
    await using world = await KioskWorld.open();
    const asset = await world.ask("GET", "/assets/kiosk-abc123.js");
    expect([asset.status, asset.text]).toEqual([200, "export {};\n"]);
    expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(asset.headers["set-cookie"]).toBeUndefined();
  });

  it.each(["/.secret", "/../server.ts", "/%2e%2e/server.ts", "/assets/..%2f.secret", "/index.html", "/assets/"])(
    "is all there is in its folder: %s is not found",
    async (path) => {
      await using world = await KioskWorld.open();
      const answer = await world.ask("GET", path);
      expect([answer.status, problemOf(answer).code]).toEqual([404, "not_found"]);
    },
  );

  it("of an earlier start of the daemon is not listened to", async () => {
    await using world = await KioskWorld.open();
    const earlier = world.pageHeaders;
    await world.close();
    await world.serve();
    const answer = await world.post("/courier/touch", undefined, { cookie: earlier.cookie });
    expect([answer.status, problemOf(answer).code]).toEqual([403, "wrong_origin"]);
  });
});

describe("a call", () => {
  it.each(POSTS)("to %s is refused without cookie, without Origin, or with another's", async (path, body) => {
    await using world = await KioskWorld.open();
    const { cookie, origin } = world.pageHeaders;
    const [name] = cookie.split("=");
    const wrong: readonly Record<string, string>[] = [
      { origin },
      { cookie },
      { cookie, "sec-fetch-site": "same-origin" },
      { origin, cookie: `${name}=` },
      { origin, cookie: `${name}=${"A".repeat(43)}` },
      { origin, cookie: cookie.replace("lockerd_kiosk", "other") },
      { cookie, origin: "null" },
      { cookie, origin: "https://evil.example" },
      { cookie, origin: origin.replace(/\d+$/, "1") },
      { cookie, origin: origin.replace("http:", "https:") },
      { cookie, origin: origin.replace("127.0.0.1", "localhost") },
    ];
    for (const headers of wrong) {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
      const answer = await world.ask("POST", `/kiosk/v1${path}`, { ...type, ...headers }, payload);
      expect([headers, answer.status, problemOf(answer).code]).toEqual([headers, 403, "wrong_origin"]);
    }
    expect([world.rim.proofs.digestedCount, world.rim.checkedCount]).toEqual([0, 0]);
  });

  it("under another name of the machine is refused, whatever it asks for", async () => {
    await using world = await KioskWorld.open();
    const { port } = new URL(world.url);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1:1", `127.0.0.1.evil.example:${port}`]) {
      for (const path of ["/", "/livez", "/kiosk/v1/events", "/assets/kiosk-abc123.js"]) {
        const answer = await world.ask("GET", path, { ...world.pageHeaders, host, origin: `http://${host}` });
        expect([host, path, answer.status, problemOf(answer).code]).toEqual([host, path, 403, "wrong_origin"]);
        expect(answer.headers["set-cookie"]).toBeUndefined();
      }
    }
  });

  it("may use the name localhost", async () => {
    await using world = await KioskWorld.open();
    const host = hostOf(world).replace("127.0.0.1", "localhost");
    const answer = await world.post("/courier/touch", undefined, { host, origin: `http://${host}` });
    expect(problemOf(answer).code).toBe("no_session");
  });

  it("by an odd spelling of the path is not let past", async () => {
    await using world = await KioskWorld.open();
    for (const path of ["/%6biosk/v1/courier/touch", "//kiosk/v1/courier/touch", "/kiosk/v1/courier/touch/"]) {
      const answer = await world.ask("POST", path);
      expect([403, 404]).toContain(answer.status);
    }
  });
});

describe("the stream", () => {
  it("is opened by the browser's word that the page is its own, or by its Origin", async () => {
    await using world = await KioskWorld.open();
    const { cookie, origin } = world.pageHeaders;
    for (const headers of [
      { cookie, origin },
      { cookie, "sec-fetch-site": "same-origin" },
    ] satisfies readonly Record<string, string>[]) {
      const stream = await world.stream(headers);
      expect(stream.response.statusCode).toBe(200);
      stream.hangUp();
    }
  });

  it.each([
    ["no cookie", { "sec-fetch-site": "same-origin" }, "omit"],
    ["neither Origin nor the browser's word", {}, "send"],
    ["another port of this machine", { "sec-fetch-site": "same-site" }, "send"],
    ["another site", { "sec-fetch-site": "cross-site" }, "send"],
    ["a foreign Origin", { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-origin" }, "send"],
  ] as const)("is refused with %s, and sends nobody away", async (_, headers, withCookie) => {
    await using world = await KioskWorld.open();
    const mine = await world.stream();
    const cookie: Record<string, string> = withCookie === "send" ? { cookie: world.pageHeaders.cookie } : {};
    const answer = await world.ask("GET", "/kiosk/v1/events", { ...cookie, ...headers });
    expect([answer.status, problemOf(answer).code]).toEqual([403, "wrong_origin"]);
    expect(mine.ended).toBe(false);
    mine.hangUp();
  });
});
