import { describe, expect, it } from "vitest";
import { codeFromHotp } from "../../../src/contract/pickup-code.ts";
import { scanBytes } from "../../support/canary-scan.ts";
import { type Answer, COURIER, KioskWorld, newParcelToken } from "./kiosk-world.ts";

const QR_CANARY = "Canary-QR-token-000000";
const CODE_CANARY = codeFromHotp("73519264");

describe("a secret given to the kiosk", () => {
  it("is in no log line and no refusal, however it came", async () => {
    await using world = await KioskWorld.open();
    const parcelToken = newParcelToken();
    const { code, extension, qrToken } = await world.deposit(parcelToken);
    const session = await world.session();
    const answers: Answer[] = [];
    const refused = async (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<void> => {
      const answer = await world.post(path, body, headers);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      answers.push(answer);
    };
    await refused("/pickup", { code: CODE_CANARY });
    await refused("/pickup", { code: CODE_CANARY, extra: code });
    await refused("/pickup", { [code]: code });
    await refused("/pickup", code);
    await refused(`/pickup?code=${code}`);
    await refused(`/pickups/${code}/reopen`);
    await refused(`/${code}`);
    await refused("/pickup/qr", { token: QR_CANARY });
    await refused("/pickup/qr", { token: `${qrToken}x` });
    await refused("/courier/sign-in", { courier: COURIER.id, pin: COURIER.pin, totp: "000000" });
    await refused("/courier/sign-in", { courier: COURIER.id, pin: `${COURIER.pin}x`, totp: COURIER.totp });
    await refused("/courier/deposits", { parcelToken, size: "S" }, session);
    await refused("/courier/deposits", { parcelToken, size: parcelToken }, session);
    answers.push(await world.ask("POST", "/kiosk/v1/pickup", world.jsonHeaders, `{"code":"${code}`));
    answers.push(await world.ask("GET", `/%zz${code}`));
    await world.post("/pickup", { code: code + extension });

    const secrets = [code, CODE_CANARY, qrToken, QR_CANARY, COURIER.pin, COURIER.totp, parcelToken];
    const own = [session["x-courier-session"] ?? "no session", world.pageHeaders.cookie.split("=")[1] ?? "no cookie"];
    expect(world.logged.length).toBeGreaterThan(answers.length);
    expect(scanBytes(Buffer.from(world.logged.join("")), "log", [...secrets, ...own])).toEqual([]);
    const told = answers.map((answer) => JSON.stringify(answer)).join("\n");
    expect(scanBytes(Buffer.from(told), "refusals", [...secrets, ...own])).toEqual([]);
  });

  it("is not in the error of a failure either, and that is logged once", async () => {
    await using world = await KioskWorld.open();
    const { code } = await world.deposit();
    world.rim.proofs.hold = async () => {
      throw new Error("the key is gone");
    };
    world.logged.length = 0;
    const answer = await world.post("/pickup", { code });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([500, "internal"]);
    expect(answer.text).not.toContain("the key is gone");
    const errors = world.logged.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
    expect(errors).toEqual([expect.objectContaining({ msg: "request failed", route: "/kiosk/v1/pickup" })]);
    expect(errors[0].err.message).toBe("the key is gone");
    expect(scanBytes(Buffer.from(world.logged.join("")), "log", [code])).toEqual([]);
  });
});
