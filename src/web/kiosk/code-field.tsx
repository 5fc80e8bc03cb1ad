import { CODE_DIGITS } from "../../contract/pickup-code.ts";

type Props = {
  readonly slots: readonly string[];
  readonly label: string;
};

/** The code as the message shows it: groups of three, and the extension as a fourth group. */
export function CodeField({ slots, label }: Props) {
  const groups = [0, 3, 6].map((from) => ({ from, slots: slots.slice(from, from + 3) }));
  if (slots.length > CODE_DIGITS) groups.push({ from: CODE_DIGITS, slots: slots.slice(CODE_DIGITS) });
  const next = slots.indexOf("");
  return (
    <div class={slots.length > CODE_DIGITS ? "code-field is-long" : "code-field"} role="img" aria-label={label}>
      {groups.map((group) => (
        <span key={group.from} class="code-group">
          {group.slots.map((slot, place) => (
            <span key={group.from + place} class={group.from + place === next ? "slot is-next" : "slot"}>
              {slot}
            </span>
          ))}
        </span>
      ))}
    </div>
  );
}
