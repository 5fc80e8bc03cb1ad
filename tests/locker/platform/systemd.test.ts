import { describe, expect, it } from "vitest";
import { openNotify } from "../../../src/locker/platform/systemd.ts";

function listen(env: Record<string, string>) {
  const heard: [fd: number, text: string][] = [];
  const notify = openNotify(env, (fd, text) => heard.push([fd, text]));
  return { heard, notify };
}

describe("openNotify", () => {
  it("says each thing in a datagram of its own on the launcher's descriptor", () => {
    const { heard, notify } = listen({ LOCKERD_NOTIFY_FD: "7" });
    const taken = [notify.ready(), notify.watchdog(), notify.status("32 doors"), notify.stopping()];
    expect(taken).toEqual([true, true, true, true]);
    expect(heard).toEqual([
      [7, "READY=1"],
      [7, "WATCHDOG=1"],
      [7, "STATUS=32 doors"],
      [7, "STOPPING=1"],
    ]);
  });

  it("keeps a status in one line, so that it cannot pass for a ping", () => {
    const { heard, notify } = listen({ LOCKERD_NOTIFY_FD: "3" });
    notify.status("bus\nWATCHDOG=1\r\nREADY=1");
    expect(heard).toEqual([[3, "STATUS=bus WATCHDOG=1 READY=1"]]);
  });

  it("says nothing without a service manager", () => {
    const { heard, notify } = listen({ WATCHDOG_USEC: "15000000" });
    expect([notify.ready(), notify.watchdogMs]).toEqual([false, undefined]);
    expect(heard).toEqual([]);
  });

  it("reads the unit's watchdog interval in milliseconds", () => {
    expect(listen({ LOCKERD_NOTIFY_FD: "3", WATCHDOG_USEC: "15000000" }).notify.watchdogMs).toBe(15_000);
    expect(listen({ LOCKERD_NOTIFY_FD: "3" }).notify.watchdogMs).toBeUndefined();
  });

  it("survives a manager that does not listen, and says so", () => {
    const notify = openNotify({ LOCKERD_NOTIFY_FD: "3" }, () => {
      throw new Error("ECONNREFUSED");
    });
    expect(notify.watchdog()).toBe(false);
  });

  it.each([["2"], ["x"], [""], ["3.5"], ["-4"], ["1e9"]])(
    "refuses the descriptor %j and names the variable",
    (value) => {
      expect(() => openNotify({ LOCKERD_NOTIFY_FD: value })).toThrow(/LOCKERD_NOTIFY_FD must be .* from 3/);
    },
  );

  it("refuses a watchdog interval that is none", () => {
    expect(() => openNotify({ LOCKERD_NOTIFY_FD: "3", WATCHDOG_USEC: "soon" })).toThrow(/WATCHDOG_USEC/);
  });
});
