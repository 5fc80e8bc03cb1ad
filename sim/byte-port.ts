/** A place where a host can open the bus: a pseudo-terminal or a TCP port. */
export type BytePort = {
  readonly at: PortAddress;
  /** Sends to whoever has it open; bytes that do not fit into the kernel's buffer are lost, as on a UART. */
  readonly write: (bytes: Uint8Array) => void;
  readonly close: () => Promise<void>;
};

export type PortAddress = { readonly path: string } | { readonly port: number };
