/** What the whole page shares: can this browser do it, which theme, which error is on show. */
import { create } from "zustand";
import { type ErrorReport, reportOf, TabTuneError } from "../../workers/errors.ts";
import type { Capability } from "../../workers/protocol/engine.ts";
import { withPartGone } from "./part-gone.ts";
import { engine } from "./workers.ts";

/** An error as it is shown. Workers speak English, whatever the page speaks; a class does not survive the way out of them. */
export interface ErrorOnShow extends ErrorReport {
  ofWorker: boolean;
}

export type Place = "page" | "model" | "data" | "training" | "runs" | "chat" | "apply" | "storage";

/** A problem as it was told, and when. */
export interface Told extends ErrorReport {
  /** Counts up in a visit. */
  n: number;
  /** Milliseconds since 1970. */
  at: number;
  place: Place;
}

/** Problems that are remembered in a visit. */
const TOLD = 200;

interface AppStore {
  capability: Capability | undefined;
  errors: Partial<Record<Place, ErrorOnShow>>;
  /** What was told in this visit, the newest first, 200 at most. */
  told: Told[];
  theme: "auto" | "light" | "dark";
  probe(): Promise<void>;
  /** `kept`: what of before is still there, beside what the error itself says is safe. */
  fail(place: Place, error: unknown, kept?: string): void;
  clear(place: Place): void;
  setTheme(theme: AppStore["theme"]): void;
}

const THEME_KEY = "tabtune-theme";

function storedTheme(): AppStore["theme"] {
  const value = localStorage.getItem(THEME_KEY);
  return value === "light" || value === "dark" ? value : "auto";
}

/** Does `work`; what goes wrong is told at `place`. */
export async function attempt(place: Place, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    useApp.getState().fail(place, error);
  }
}

export const useApp = create<AppStore>((set) => ({
  capability: undefined,
  errors: {},
  told: [],
  theme: storedTheme(),
  async probe() {
    try {
      set({ capability: await engine((api) => api.probe()) });
    } catch (error) {
      set({ capability: { usable: false, problem: reportOf(error) } });
    }
  },
  fail(place, given, kept = "") {
    const error = withPartGone(given);
    const report = { ...reportOf(error), ofWorker: !(error instanceof TabTuneError) };
    if (report.code === "cancelled") return;
    const safe = [report.safe, kept].filter(Boolean).join(" ");
    set((s) => {
      const told = { ...report, safe, n: (s.told[0]?.n ?? 0) + 1, at: Date.now(), place };
      return { errors: { ...s.errors, [place]: { ...report, safe } }, told: [told, ...s.told].slice(0, TOLD) };
    });
  },
  clear: (place) => set((s) => ({ errors: { ...s.errors, [place]: undefined } })),
  setTheme(theme) {
    localStorage.setItem(THEME_KEY, theme);
    set({ theme });
  },
}));
