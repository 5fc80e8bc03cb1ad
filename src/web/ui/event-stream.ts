/** How soon a broken stream is opened again. Chromium itself gives up after a refusal. */
const AGAIN_AFTER_MS = 1_500;

type Listener = {
  /** What to do with the data of each event, parsed. */
  readonly events: Readonly<Record<string, (data: unknown) => void>>;
  readonly onLost: () => void;
  /** Asked before the stream is opened again: whether the server still knows this page. `wait` asks again later. */
  readonly renew: () => Promise<"open" | "wait" | "stop">;
};

/**
 * Listens to a server's stream and opens it again whenever it breaks.
 *
 * @returns a function that ends it.
 */
export function listen(url: string, { events, onLost, renew }: Listener): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout>;
  let ended = false;

  const open = (): void => {
    source = new EventSource(url);
    for (const [name, handle] of Object.entries(events)) {
      source.addEventListener(name, (message) => handle(JSON.parse(message.data)));
    }
    source.addEventListener("error", () => {
      source.close();
      if (ended) return;
      onLost();
      timer = setTimeout(() => void again(), AGAIN_AFTER_MS);
    });
  };
  const again = async (): Promise<void> => {
    const verdict = await renew();
    if (ended || verdict === "stop") return;
    if (verdict === "open") open();
    else timer = setTimeout(() => void again(), AGAIN_AFTER_MS);
  };
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    source.close();
  };
}
