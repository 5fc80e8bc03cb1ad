import type { ComponentChildren } from "preact";

type Props = {
  /** `notice`: good to know. `warning`: something does not work. `problem`: what was asked did not happen. */
  readonly kind: "notice" | "warning" | "problem" | "success";
  readonly children: ComponentChildren;
};

const shapes = {
  notice: <path d="M12 10.5v6.5M12 7v.4" />,
  warning: <path d="M12 7v6.5M12 16.6v.4" />,
  problem: <path d="M8 8l8 8M16 8l-8 8" />,
  success: <path d="M7 12.5l3.5 3.5L17 8.5" />,
} as const;

/** One sentence about the state of things, with a shape of its own for each kind. */
export function Banner({ kind, children }: Props) {
  return (
    <p class={`banner is-${kind}`}>
      <svg class="banner-mark" viewBox="0 0 24 24" aria-hidden="true">
        {kind === "warning" ? <path d="M12 2.5L22.5 21h-21z" /> : <circle cx="12" cy="12" r="10" />}
        {shapes[kind]}
      </svg>
      <span>{children}</span>
    </p>
  );
}
