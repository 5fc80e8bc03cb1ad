/*
 * A process that commits facts one by one, told how many: `node writer.ts <database> <count>`. After each commit it
 * writes the row's number to its standard output, so that a test knows what was promised when it kills it.
 */
import { writeSync } from "node:fs";
import type { Epoch } from "../../../src/contract/ids.ts";
import { openStore } from "../../../src/locker/store/sqlite-store.ts";
import { doorClosed, HANDLE, NOON } from "./stores.ts";

const [path = "", count = "0"] = process.argv.slice(2);
const store = openStore({ path, handle: HANDLE, newEpoch: "0123456789abcdef" as Epoch });
if (!store.ok) throw new Error(store.error.code);
writeSync(1, "open\n");
for (let n = 0; n < Number(count); n += 1) writeSync(1, `${store.value.commit([], [doorClosed(1)], NOON)}\n`);
// No close: what counts is what the commits themselves have made durable.
process.kill(process.pid, "SIGKILL");
