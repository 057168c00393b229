/** A family that nobody publishes: LLaVA-1.5's maths with a config.json and names of its own. docs/adding-a-model.md is held to it. */
import { configReader } from "../../models/config-json.ts";
import { type Family, type Json, nothingWritten } from "../../models/family.ts";
import { thirdNames } from "./names.ts";
import { thirdPictures } from "./pictures.ts";

const { number, positive } = configReader("Choose a checkpoint of the third family.");

export const third: Family = {
  modelType: "third",
  modelClass: "ThirdForConditionalGeneration",
  parseConfig(json) {
    const [writer, eye] = [json.writer as Json, json.eye as Json];
    const hiddenSize = positive(writer, "width");
    const numHeads = positive(writer, "heads");
    const numLayers = positive(eye, "layers");
    return {
      modelType: "third",
      names: thirdNames,
      decoder: {
        ...{ hiddenSize, numHeads, numKvHeads: positive(writer, "key_heads"), headSize: hiddenSize / numHeads },
        intermediateSize: positive(writer, "mlp"),
        numLayers: positive(writer, "layers"),
        ...{
          rmsNormEps: number(writer, "epsilon"),
          ropeTheta: 10000,
          ropeAxes: undefined,
          qkNorm: false,
          qkvBias: false,
          maxPositions: 2048,
          tiedHead: false,
        },
      },
      tower: {
        hiddenSize: positive(eye, "width"),
        intermediateSize: positive(eye, "mlp"),
        ...{ numLayers, layersUsed: numLayers - 1, numHeads: positive(eye, "heads") },
        ...{ imageSize: positive(eye, "side"), patchSize: positive(eye, "patch"), layerNormEps: 1e-5 },
        ...{ activation: "quick_gelu", classToken: "dropped", patchBias: false, preNorm: true, postNorm: false },
      },
      connector: {
        ...{ inSize: positive(eye, "width"), outSize: hiddenSize, activation: "gelu", bias: true },
        ...{ shuffle: 1, modules: ["linear_1", "linear_2"] },
      },
      imageTokenId: positive(json, "picture_token"),
      padTokenId: null,
      extraRow: null,
      blends: false,
    };
  },
  chatTemplate: () => "{% for m in messages %}{{ m['content'] }}{% endfor %}",
  pictures: thirdPictures,
  processorOf: ({ tower: { imageSize: side } }) => ({ crop_size: side, size: side }),
  pictureSettings: [],
  writtenSettings: () => nothingWritten,
  missingAttributes: () => undefined,
  published: {},
};
