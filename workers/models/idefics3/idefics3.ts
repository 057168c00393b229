/**
 * Idefics3 and SmolVLM (SigLIP, pixel shuffle and one linear, a Llama; pictures in tiles), and SmolVLM2, whose `smolvlm` is the same
 * for pictures; videos are not read. transformers: models/idefics3/, models/smolvlm/.
 */
import { featuresPerTile } from "../config.ts";
import type { Family, PublishedModel } from "../family.ts";
import { parseIdefics3Config } from "./config.ts";
import { idefics3Pictures, idefics3Vision, idefics3Written } from "./pictures.ts";
import { publishedIdefics3, publishedSmolvlm } from "./published.ts";

/** SmolVLM's own, for a checkpoint without one. */
const chatTemplate =
  "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}" +
  "{% if message['content'][0]['type'] == 'image' %}:{% else %}: {% endif %}" +
  "{% for line in message['content'] %}" +
  "{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}<image>{% endif %}" +
  "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}";

const family = (modelType: string, modelClass: string, published: Record<string, PublishedModel>): Family => ({
  modelType,
  modelClass,
  parseConfig: (json) => parseIdefics3Config(json, modelType),
  chatTemplate: () => chatTemplate,
  pictures: idefics3Pictures,
  // Up to 4 x 4 tiles and the whole.
  processorOf: ({ tower: { imageSize: side } }) => ({
    size: { longest_edge: 4 * side },
    max_image_size: { longest_edge: side },
  }),
  pictureSettings: ["maxImageTiles", "doImageSplitting", "imageLongestEdge"],
  writtenSettings: idefics3Written,
  missingAttributes: (said, config) =>
    said.image_seq_len == null ? { image_seq_len: featuresPerTile(config) } : undefined,
  gguf: () => ({ architecture: "llama", pairsRotaryRows: true }),
  vision: idefics3Vision,
  published,
});

export const idefics3 = family("idefics3", "Idefics3ForConditionalGeneration", publishedIdefics3);
export const smolvlm = family("smolvlm", "SmolVLMForConditionalGeneration", publishedSmolvlm);
