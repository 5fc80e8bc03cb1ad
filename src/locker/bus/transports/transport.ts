/** What a port tells. After `onClosed`, which comes exactly once, nothing follows. */
export type TransportListener = {
  readonly onOpened: () => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** It could not be opened, was closed, was unplugged, or failed. */
  readonly onClosed: (reason: string) => void;
};

/** One opening of a port. It is never opened again: bytes written to a closed port object go out after its reopening. */
export type Transport = {
  /** Dropped unless the port is open. */
  readonly write: (bytes: Uint8Array) => void;
  /** Begins to close; `onClosed` tells when it is done. It may hang for ever: the caller sets the deadline. */
  readonly close: () => void;
};
