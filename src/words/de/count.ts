/** Was an vielen Stellen gezählt wird. */
import { counter } from "../plural.ts";

export const counted = counter("de");

export const rows = (n: number): string => counted(n, { one: "Zeile", other: "Zeilen" });
export const steps = (n: number): string => counted(n, { one: "Schritt", other: "Schritte" });
/** Von … Schritten: im dritten Fall. */
export const stepsOf = (n: number): string => counted(n, { one: "Schritt", other: "Schritten" });
export const runs = (n: number): string => counted(n, { one: "Lauf", other: "Läufe" });
export const pictures = (n: number): string => counted(n, { one: "Bild", other: "Bilder" });

/** Die ersten Namen einer Liste, und wie viele noch: „a, b und 4 weitere“. */
export function listed(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} und ${names.length - most} weitere`;
}
