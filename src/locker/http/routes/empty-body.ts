import { Type } from "typebox";

/** Of calls that say everything by their path. */
export const EmptyBody = Type.Null();
