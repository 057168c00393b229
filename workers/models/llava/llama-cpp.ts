/** How llama.cpp sees with a LLaVA: its projector "mlp", whose pictures are one square, or a grid of tiles where it is given grids. */
import { parsePreprocessor } from "../../data/pictures/crop.ts";
import { TabTuneError } from "../../errors.ts";
import type { PictureFiles, VisionForm } from "../family.ts";

/** Where training crops or stretches, llama.cpp puts a border of grey around. */
const squares = "Pictures that are not square get a border in llama.cpp, where training cropped or stretched them.";

/** llama.cpp's issue 25814: patches take each other's positions, and the first one's feature is the class token's. */
const misplaced =
  "llama.cpp from May 2025 on misplaces the class token of CLIP's towers (its issue 25814), so answers to pictures are worse there until that is mended; answers to text are not.";

export function llavaVision({ config, processorJson }: PictureFiles): VisionForm {
  const { mean, std, doRescale, doNormalize } = parsePreprocessor(processorJson);
  const { tower, connector } = config;
  if (tower.classToken === "kept")
    throw refuse('takes the class token as a feature (vision_feature_select_strategy "full")');
  if (connector.activation === "quick_gelu") throw refuse("has CLIP's quick GELU in its projector");
  if (!doRescale || !doNormalize) throw refuse("does not normalise its pictures (do_rescale or do_normalize is false)");
  return {
    projector: "mlp",
    ...{ mean, std, notes: tower.classToken === "none" ? [squares] : [squares, misplaced] },
    // Counted from the embeddings' output; its layers behind are not in the file.
    fields: { "clip.vision.feature_layer": { i32s: [tower.layersUsed] } },
  };
}

export const refuse = (what: string): TabTuneError =>
  new TabTuneError(
    "unsupported-model",
    `This model ${what}, which llama.cpp does not do.`,
    "Write the merged model instead (headless merge, or “The whole model” on the page), and run it with transformers.",
  );
