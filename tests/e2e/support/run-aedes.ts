import { createServer } from "node:net";
import { Aedes } from "aedes";

/** The embedded broker as a process of its own, so that it can be killed; its argument is a port. */
const aedes = await Aedes.createBroker();
const server = createServer(aedes.handle);
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.send?.({ kind: "ready" }));
