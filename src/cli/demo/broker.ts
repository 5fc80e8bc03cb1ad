import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { Aedes } from "aedes";

export type Broker = { readonly url: string; readonly close: () => Promise<void> };

/** An MQTT broker inside this process, on a free port of the loopback interface. */
export async function startBroker(): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    close: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
