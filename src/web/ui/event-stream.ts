/** How soon a broken stream is opened again. Chromium itself gives up after a refused connection. */
const AGAIN_AFTER_MS = 1_500;

type Listener = {
  /** The event's data, parsed. */
  readonly onEvent: (data: unknown) => void;
  readonly onOpen?: () => void;
  readonly onLost: () => void;
};

/**
 * Listens to one event of a server's stream and never gives up.
 *
 * @returns a function that ends it.
 */
export function listen(url: string, event: string, listener: Listener): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout>;
  const open = (): void => {
    source = new EventSource(url);
    source.addEventListener("open", () => listener.onOpen?.());
    source.addEventListener(event, (message) => listener.onEvent(JSON.parse(message.data)));
    source.addEventListener("error", () => {
      source.close();
      listener.onLost();
      timer = setTimeout(open, AGAIN_AFTER_MS);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
