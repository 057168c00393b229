/** Buttons that set fields of the recipe. */
import type { AdviceItem } from "../parts/AdviceList.tsx";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { labelOfField } from "./fields.ts";

/** "Set Learning rate to 0.0002". `reason`: why it cannot be pressed now. */
export function setButton(set: Record<string, number>, reason: string): AdviceItem["buttons"][number] {
  const entries = Object.entries(set);
  const say = words().recipe;
  return {
    label: say.set(entries.map(([name, value]) => say.setTo(labelOfField(name), String(value)))),
    reason,
    onPress: () => useTraining.getState().setSome(set),
  };
}
