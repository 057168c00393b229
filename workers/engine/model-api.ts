/** The GPU and the model on it: what it is, how one is loaded, what the self-test says. */
import { toReport } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import type { ModelApi } from "../protocol/engine.ts";
import { parseRecipe, practical, toHuggingFace } from "../recipe.ts";
import { cachedVerdict, headSizesOf } from "../self-test/self-test.ts";
import { modelInfoOf } from "./model-info.ts";
import { previewOf } from "./model-source.ts";
import { letGo, makeModel, standModel } from "./standing-model.ts";
import { type EngineState, needModel, openedGpu } from "./state.ts";
import { tested } from "./tested.ts";
import { asLoad, inTurn, needIdle } from "./turns.ts";

export const modelApi = (s: EngineState): ModelApi => ({
  async loadModel(source, loading, onProgress) {
    needIdle(s, "Stop it before loading another model.");
    return asLoad(s, "load", async (signal) => {
      const model = await beside(s, () => makeModel(s, source, loading, signal, onProgress));
      try {
        const info = await modelInfoOf(model, source.kind === "embedded");
        await inTurn(s, () => standModel(s, model, { info, from: source, loading }));
        return info;
      } catch (error) {
        if (s.model !== model) model.vlm.arena.dispose();
        throw error;
      }
    });
  },
  async currentModel() {
    return s.model ? s.source!.info : null;
  },

  async previewModel(source, loading) {
    const { facts } = await openedGpu(s);
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    const recipe = parseRecipe({ ...toHuggingFace(practical), ...loading });
    const cache = await s.weightCache();
    const room = { cache, facts, roomBytes: quota - usage };
    return asLoad(s, "preview", (signal) => previewOf(source, recipe, room, signal));
  },
  async stopLoading() {
    s.loading?.stop();
  },

  async selfTest(run) {
    const current = needModel(s);
    if (run) return tested(s, current);
    const { gpu, config } = current.vlm;
    return (await cachedVerdict(gpu.facts, headSizesOf(config), navigator.userAgent, await s.store())) ?? null;
  },
});

/**
 * Makes a model beside the one that is there. Where the GPU has no room for both, the one that is there goes first; when the new one fails
 * all the same, it is loaded again from where it came.
 */
async function beside(s: EngineState, make: () => Promise<LoadedModel>): Promise<LoadedModel> {
  try {
    return await make();
  } catch (error) {
    if (!s.model || toReport(error).code !== "out-of-memory") throw error;
  }
  const before = s.source!;
  await inTurn(s, () => letGo(s));
  try {
    return await make();
  } catch (error) {
    const again = await makeModel(s, before.from, before.loading, new AbortController().signal, () => {});
    await inTurn(s, () => standModel(s, again, before));
    throw error;
  }
}
