import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { err, ok, type Result } from "../contract/result.ts";
import type { Path } from "./fault.ts";

export type Position = { readonly line: number; readonly column: number };

export type SyntaxFault = Position & { readonly problem: string };

/** A parsed document that still knows where everything was written. */
export type YamlDocument = {
  readonly value: unknown;
  /** Where a value, or with `atKey` its key, stands; of what is not there, where its nearest parent does. */
  readonly locate: (path: Path, atKey: boolean) => Position;
};

/** Reads YAML 1.2 in its core schema: no merge keys, no duplicate keys, no custom tags. */
export function parseYaml(text: string): Result<YamlDocument, readonly SyntaxFault[]> {
  const lines = new LineCounter();
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  // Its pretty messages quote the source, in which there may be a secret.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2", schema: "core" });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return err(faults.map(({ message, pos }) => ({ ...positionOf(pos[0]), problem: message })));
  }
  try {
    return ok({
      value: document.toJS(),
      locate: (path, atKey) => positionOf(offsetOf(document, path, atKey)),
    });
  } catch {
    return err([{ line: 1, column: 1, problem: "its aliases expand to too much" }]);
  }
}

function offsetOf(document: Document.Parsed, path: Path, atKey: boolean): number {
  if (atKey) {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1))
      : undefined;
    if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    if (Array.isArray(range)) return Number(range[0]);
  }
  return document.contents?.range?.[0] ?? 0;
}
