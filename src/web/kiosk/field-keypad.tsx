import { Keypad } from "../ui/keypad.tsx";
import type { Kiosk } from "./kiosk.ts";
import { t } from "./words.ts";

/** The keypad, typing into whatever field the screen has. */
export function FieldKeypad({ kiosk, ready }: { readonly kiosk: Kiosk; readonly ready: boolean }) {
  const { dispatch } = kiosk;
  return (
    <Keypad
      t={t}
      ready={ready}
      onDigit={(character) => dispatch({ kind: "character", character })}
      onErase={() => dispatch({ kind: "erase" })}
      onAccept={() => dispatch({ kind: "accept" })}
    />
  );
}
