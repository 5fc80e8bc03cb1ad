import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder that is gone at the end. It must lie on a disk: in memory, fsync costs nothing. */
export class Scratch implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "lockerd-bench-"));

  at(name: string): string {
    return join(this.folder, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
