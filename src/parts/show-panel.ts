/** Leads to a panel from another one. */
import type { Place } from "../page/store.ts";

/** Brings a panel into sight, and gives the focus to its first element that `focus` names. */
export function showPanel(place: Place, focus?: string): void {
  document.getElementById(`panel-${place}`)?.scrollIntoView({ block: "start" });
  if (focus) document.querySelector<HTMLElement>(`[data-place="${place}"] ${focus}`)?.focus({ preventScroll: true });
}
