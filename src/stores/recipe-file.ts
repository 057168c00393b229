/** Recipes that come from outside, into the form: a file, a link, a saved run. They fill the form and do nothing else. */
import { create } from "zustand";
import { TabTuneError } from "../../workers/errors.ts";
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { readRecipe } from "../../workers/recipe.ts";
import { attempt, useApp } from "../page/store.ts";
import { words } from "../words/index.ts";
import type { Fields, Preset } from "./presets.ts";
import { filledForm, looksLikeRecipe, recipeInHash } from "./recipe-text.ts";
import { isRunning } from "./run-state.ts";
import { useTraining } from "./training.ts";

interface RecipeFileStore {
  /** What the last one changed, whole sentences; "" for none. */
  told: string;
  /** The form before it. */
  before: { preset: Preset; fields: Fields } | undefined;
  /** Fills the form. `where` begins what is told; what is wrong with it is told in the Training panel. */
  fill(text: string, where: string): Promise<void>;
  /** Resolves to false where the files are no recipe. */
  take(files: DroppedFile[]): Promise<boolean>;
  undo(): void;
  /** The form is as somebody wants it. */
  dismiss(): void;
}

/** Recipes are a page of text. */
const MOST_BYTES = 1 << 20;

export const useRecipeFile = create<RecipeFileStore>((set, get) => ({
  told: "",
  before: undefined,
  fill: (text, where) =>
    attempt("training", async () => {
      const { state, preset, fields, setFields } = useTraining.getState();
      if (isRunning(state)) {
        const { running, runningRemedy, unchanged } = words().recipe.file;
        throw new TabTuneError("bad-argument", running, runningRemedy, unchanged);
      }
      useApp.getState().clear("training");
      // Checked as text first: broken JSON has its own sentence.
      readRecipe(text);
      const filled = filledForm(JSON.parse(text), fields, where);
      setFields(filled.fields);
      set({ told: filled.told, before: { preset, fields } });
    }),
  async take(files) {
    const [file] = files;
    if (files.length !== 1 || !/\.json$/i.test(file!.path) || file!.blob.size > MOST_BYTES) return false;
    const text = await file!.blob.text();
    if (!looksLikeRecipe(file!.path, text)) return false;
    await get().fill(text, file!.path);
    return true;
  },
  undo() {
    const { before } = get();
    if (before) useTraining.getState().setFields(before.fields, before.preset);
    set({ told: "", before: undefined });
  },
  dismiss: () => set({ told: "", before: undefined }),
}));

/** Fills the form from the page's address, which then loses it: a reload must not write over what was changed since. */
export async function takeLink(): Promise<void> {
  const text = recipeInHash(location.hash);
  if (text === undefined) return;
  history.replaceState(history.state, "", `${location.pathname}${location.search}`);
  await useRecipeFile.getState().fill(text, words().recipe.file.link);
}
