import { describe, it } from "vitest";
import { findTool, LEFT_OUT_NOTE, type ToolName } from "./tools.ts";

export type ToolPaths<Name extends ToolName> = { readonly [Tool in Name]: string };

/**
 * Declares a suite that needs system tools and hands it their paths.
 *
 * A missing tool leaves the suite out and says so at the end of the run; where `CI` is set it fails instead, because a
 * test that silently did not run proves nothing.
 */
export function describeWithTools<Name extends ToolName>(
  names: readonly Name[],
  title: string,
  suite: (paths: ToolPaths<Name>) => void,
): void {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) {
    describe(title, () => suite(Object.fromEntries(names.map((name) => [name, findTool(name)])) as ToolPaths<Name>));
    return;
  }
  const note = LEFT_OUT_NOTE + missing.join(", ");
  describe(title, () => {
    it(`finds ${names.join(", ")}`, (context) => {
      if (process.env["CI"] !== undefined) throw new Error(`${note}; run: npm run setup`);
      context.skip(note);
    });
  });
}
