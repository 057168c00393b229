/** What a check found. */
import type { StorageDamage } from "../../protocol/engine.ts";

export interface Damage extends Omit<StorageDamage, "id" | "label"> {
  /** Takes away what is damaged, where that is less than the item. */
  mend?: () => Promise<void>;
}

/** Told after each entry and file that was looked at. */
export type Looked = () => void;
