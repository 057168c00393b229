/**
 * Chat templates of the LLaVA families, for checkpoints without one: the text of TRL 0.8's `vsft_llava.py` (LLaVA-1.5) and of
 * llava-v1.6-mistral; Qwen2's is that of llava-interleave and LLaVA-OneVision, whose prompt for an answer lacks a space that a
 * conversation has. Beyond those, a system message takes the place of the stock system sentence (LLaVA) or opens the first user turn
 * (Mistral), where theirs would print it as an answer.
 */
import type { Json } from "../family.ts";
import { type LanguageModel, languageModel } from "./config.ts";

const texts = (list: string) =>
  `{% for item in ${list} %}{% if item['type'] == 'text' %}{{ item['text'] }}{% endif %}{% endfor %}`;
const partsInOrder =
  "{% for item in message['content'] %}" +
  "{% if item['type'] == 'text' %}{{ item['text'] }}{% elif item['type'] == 'image' %}<image>{% endif %}{% endfor %}";
const imagesFirst =
  "{% for item in message['content'] %}{% if item['type'] == 'image' %}{{ '<image>\\n' }}{% endif %}{% endfor %}";

export const chatTemplates: Record<LanguageModel, string> = {
  llama: [
    `{% if messages[0]['role'] == 'system' %}${texts("messages[0]['content']")}{{ ' ' }}{% else %}`,
    "{{ 'A chat between a curious user and an artificial intelligence assistant. ' }}",
    "{{ 'The assistant gives helpful, detailed, and polite answers to the user\\'s questions. ' }}{% endif %}",
    "{% for message in messages %}",
    `{% if message['role'] == 'user' %}USER: ${partsInOrder}{{ ' ' }}`,
    `{% elif message['role'] == 'assistant' %}ASSISTANT: ${partsInOrder}{{ eos_token }}{% endif %}`,
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}",
  ].join(""),
  mistral: [
    "{% for message in messages %}",
    `{% if message['role'] == 'user' %}[INST] ${imagesFirst}`,
    "{% if loop.index0 == 1 and messages[0]['role'] == 'system' %}",
    `${texts("messages[0]['content']")}{{ '\\n\\n' }}{% endif %}`,
    `${texts("message['content']")} [/INST]`,
    `{% elif message['role'] == 'assistant' %} ${texts("message['content']")}{{ eos_token }}{% endif %}`,
    "{% endfor %}",
  ].join(""),
  qwen2: [
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}",
    "{% for item in message['content'] %}{% if item['type'] == 'image' %}<image>{% endif %}{% endfor %}",
    "{% for item in message['content'] %}{% if item['type'] == 'text' %}{{ '\\n' + item['text'] }}{% endif %}{% endfor %}",
    "{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  ].join(""),
};

/** The one of a model, by its config.json: the language model's habits decide; `usual` is that of a file without a word of it. */
export const llavaChatTemplate = (configJson: Json, usual?: LanguageModel): string =>
  chatTemplates[languageModel((configJson.text_config ?? {}) as Json, usual)];
