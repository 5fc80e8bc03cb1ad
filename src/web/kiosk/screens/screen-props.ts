import type { Kiosk } from "../kiosk.ts";
import type { Screen } from "../screen.ts";

export type ScreenProps<Kind extends Screen["kind"]> = {
  readonly kiosk: Kiosk;
  readonly screen: Extract<Screen, { readonly kind: Kind }>;
};
