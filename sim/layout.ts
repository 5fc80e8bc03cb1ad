import { type Static, Type } from "typebox";
import { Errors } from "typebox/value";
import type { Wire } from "./harness.ts";

const strict = { additionalProperties: false };

const Layout = Type.Object(
  {
    boards: Type.Array(
      Type.Object(
        {
          address: Type.Integer({ minimum: 1, maximum: 126 }),
          channels: Type.Array(
            Type.Object(
              {
                channel: Type.Integer({ minimum: 0, maximum: 63 }),
                compartment: Type.Integer({ minimum: 1, maximum: 9_999 }),
              },
              strict,
            ),
            { minItems: 1 },
          ),
        },
        strict,
      ),
      { minItems: 1 },
    ),
  },
  strict,
);

/** Which boards hang on the line, and which compartment each of their channels opens. */
export type Layout = Static<typeof Layout>;

/** Parses a layout. On refusal every fault is a line of `faults`, with the place in the document. */
export function parseLayout(
  document: unknown,
): { readonly ok: true; readonly value: Layout } | { readonly ok: false; readonly faults: readonly string[] } {
  const faults = Errors(Layout, document).map(({ instancePath, message }) => `${instancePath || "/"}: ${message}`);
  if (faults.length > 0) return { ok: false, faults };
  const layout = document as Layout;
  const doubles = [
    ...doubled(layout.boards.map(({ address }) => `board address ${address}`)),
    ...doubled(
      layout.boards.flatMap((board) =>
        board.channels.map(({ channel }) => `board ${board.address} channel ${channel}`),
      ),
    ),
    ...doubled(layout.boards.flatMap((board) => board.channels.map(({ compartment }) => `compartment ${compartment}`))),
  ];
  if (doubles.length > 0) return { ok: false, faults: doubles.map((name) => `/boards: ${name} is there twice`) };
  return { ok: true, value: layout };
}

export function wiresOf(layout: Layout): Wire[] {
  return layout.boards.flatMap(({ address, channels }) =>
    channels.map(({ channel, compartment }) => ({ board: address, channel, compartment })),
  );
}

function doubled(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
