import type { SSEReplyInterface } from "@fastify/sse";
import { kioskView } from "../domain/view.ts";
import type { KioskEngine } from "./kiosk-engine.ts";
import { problemOf } from "./problems.ts";

export type ViewStream = {
  /** Serves this client from now on, and sends the former one away. */
  readonly attach: (client: SSEReplyInterface) => void;
  readonly end: () => void;
};

/**
 * The kiosk's one stream of snapshots: all of it on connect, then whenever its text has changed. A client that reads
 * slowly misses snapshots in between, never the last one.
 */
export function createViewStream(engine: KioskEngine, lockerName: string): ViewStream {
  let current: SSEReplyInterface | undefined;
  const end = (): void => {
    current?.close();
    current = undefined;
  };
  return {
    end,
    attach(client) {
      // The page must not connect again by itself, or two pages would push each other out for ever.
      void current?.send({ event: "problem", data: JSON.stringify(problemOf({ code: "too_many_streams" })) });
      end();
      current = client;
      client.onClose(() => {
        if (current === client) current = undefined;
      });
      client.keepAlive();
      follow(client, engine, lockerName);
    },
  };
}

function follow(client: SSEReplyInterface, engine: KioskEngine, lockerName: string): void {
  let lastText = "";
  let isSending = false;
  let isScheduled = false;
  let pauseEnd: NodeJS.Timeout | undefined;

  const push = (): void => {
    isScheduled = false;
    if (isSending || !client.isConnected) return;
    const view = kioskView(engine.state, lockerName, engine.now());
    clearTimeout(pauseEnd);
    // Time alone ends a pause: no input need come.
    if (view.pausedMs > 0) pauseEnd = setTimeout(push, view.pausedMs);
    const text = JSON.stringify(view);
    if (text === lastText) return;
    lastText = text;
    isSending = true;
    client.send({ event: "view", data: text }).then(sent, stop);
  };
  const sent = (): void => {
    isSending = false;
    push();
  };
  // Called in the middle of the engine's work, often many times a turn.
  const onChange = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(push);
  };
  const forget = engine.onChange(onChange);
  const stop = (): void => {
    forget();
    clearTimeout(pauseEnd);
  };
  client.onClose(stop);
  push();
}
