/** Buttons that set fields of the recipe. */
import type { AdviceItem } from "../parts/AdviceList.tsx";
import { useTraining } from "../stores/training.ts";
import { labelOfField } from "./fields.ts";

/** "Set Learning rate to 0.0002". `reason`: why it cannot be pressed now. */
export function setButton(set: Record<string, number>, reason: string): AdviceItem["buttons"][number] {
  const entries = Object.entries(set);
  return {
    label: `Set ${entries.map(([name, value]) => `${labelOfField(name)} to ${value}`).join(" and ")}`,
    reason,
    onPress() {
      for (const [name, value] of entries) useTraining.getState().setField(name, value);
    },
  };
}
