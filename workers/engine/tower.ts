/** How the page's models see: one vision tower for all that use a model, where onnxruntime-web runs it. */
import { ownTower, type Tower } from "../models/encoder.ts";
import { fitsOrt, ortTower } from "../models/onnx/ort.ts";
import type { LoadedModel } from "../models/open.ts";
import type { MakeTower } from "../training/step.ts";
import { type EngineState, needModel } from "./state.ts";

/**
 * The page's default for the frozen tower is onnxruntime-web, unless the tower is too large for its heap. It reads the tower's tensors
 * once more: from a folder that is quick, from the hub a second download.
 */
export const usesOrt = ({ config, checkpoint }: LoadedModel): boolean => fitsOrt(config) && !checkpoint.versionOf;

export const towerOf =
  (s: EngineState): MakeTower =>
  async (vlm, arena, v) => {
    if (s.tower) return s.tower(vlm, arena, v);
    const model = needModel(s);
    if (!usesOrt(model)) return ownTower(vlm, arena, v);
    // It stays with the model: opening one compiles 17 MB of WebAssembly or more, and makes a copy of the weights.
    return { ...(await openedTower(s, model)), dispose: async () => undefined };
  };

/** The model's tower on onnxruntime-web, opened by whoever asks first. */
export function openedTower(s: EngineState, { vlm, readTensor }: LoadedModel): Promise<Tower> {
  s.opened ??= ortTower(vlm, readTensor).catch((error) => {
    s.opened = undefined;
    throw error;
  });
  return s.opened;
}

/** Gives it back; nobody uses it any more. In turn. */
export async function closeTower(s: EngineState): Promise<void> {
  const { opened } = s;
  s.opened = undefined;
  // One that could not be opened was told to whoever asked for it.
  await (await opened?.catch(() => undefined))?.dispose();
}
