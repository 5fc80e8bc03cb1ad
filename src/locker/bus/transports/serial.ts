import { SerialPort } from "serialport";
import type { Transport, TransportListener } from "./transport.ts";

/** Every default that matters is written out: raw bytes, no flow control, and nobody else may open the port. */
const serialOptions = (path: string, baudRate: number) =>
  ({
    path,
    baudRate,
    dataBits: 8,
    parity: "none",
    stopBits: 1,
    rtscts: false,
    xon: false,
    xoff: false,
    xany: false,
    // Modem lines stay as they are: some adapters switch their line driver with one of them.
    hupcl: false,
    lock: true,
    autoOpen: false,
  }) as const;

/** Opens a serial port once, with a new port object. */
export function openSerial(
  { path, baudRate }: { readonly path: string; readonly baudRate: number },
  listener: TransportListener,
): Transport {
  const port = new SerialPort(serialOptions(path, baudRate));
  let isClosing = false;
  let isOver = false;
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    listener.onClosed(reason);
  };
  const close = (): void => {
    isClosing = true;
    if (port.isOpen) port.close();
  };
  port.on("data", (bytes: Uint8Array) => {
    if (!isOver) listener.onBytes(bytes);
  });
  // After an error the port is of no use. One that cannot even be closed is left to the caller's deadline.
  port.on("error", () => {
    if (!isClosing) close();
  });
  // It may come twice.
  port.on("close", (error?: Error | null) => over(error?.message ?? "closed"));
  port.open((error) => {
    if (error) over(error.message);
    else if (isClosing) close();
    else listener.onOpened();
  });
  return {
    write: (bytes) => {
      if (port.isOpen && !isClosing) port.write(bytes);
    },
    close,
  };
}
