/** What the whole page shares: can this browser do it, which theme, which error is on show. */
import { create } from "zustand";
import type { ErrorReport } from "../../workers/errors.ts";
import type { Capability } from "../../workers/protocol.ts";
import { engine, reportOf } from "./workers.ts";

export type Place = "page" | "model" | "data" | "training" | "runs" | "chat" | "storage";

interface AppStore {
  capability: Capability | undefined;
  errors: Partial<Record<Place, ErrorReport>>;
  theme: "auto" | "light" | "dark";
  probe(): Promise<void>;
  fail(place: Place, error: unknown): void;
  clear(place: Place): void;
  setTheme(theme: AppStore["theme"]): void;
}

const THEME_KEY = "tabtune-theme";

function storedTheme(): AppStore["theme"] {
  const value = localStorage.getItem(THEME_KEY);
  return value === "light" || value === "dark" ? value : "auto";
}

export const useApp = create<AppStore>((set) => ({
  capability: undefined,
  errors: {},
  theme: storedTheme(),
  async probe() {
    try {
      set({ capability: await engine((api) => api.probe()) });
    } catch (error) {
      set({ capability: { usable: false, problem: reportOf(error) } });
    }
  },
  fail(place, error) {
    const report = reportOf(error);
    if (report.code !== "cancelled") set((s) => ({ errors: { ...s.errors, [place]: report } }));
  },
  clear: (place) => set((s) => ({ errors: { ...s.errors, [place]: undefined } })),
  setTheme(theme) {
    localStorage.setItem(THEME_KEY, theme);
    set({ theme });
  },
}));
