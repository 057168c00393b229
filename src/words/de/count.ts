/** Was an vielen Stellen gezählt wird. */
import { counter } from "../plural.ts";

export const counted = counter("de");

export const rows = (n: number): string => counted(n, { one: "Zeile", other: "Zeilen" });
export const steps = (n: number): string => counted(n, { one: "Schritt", other: "Schritte" });
/** Von … Schritten: im dritten Fall. */
export const stepsOf = (n: number): string => counted(n, { one: "Schritt", other: "Schritten" });
export const runs = (n: number): string => counted(n, { one: "Lauf", other: "Läufe" });
export const pictures = (n: number): string => counted(n, { one: "Bild", other: "Bilder" });
