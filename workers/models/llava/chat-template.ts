/**
 * Chat templates of the LLaVA families, for checkpoints without one: the text of TRL 0.8's `vsft_llava.py` (LLaVA-1.5) and of
 * llava-v1.6-mistral. Beyond those, a system message takes the place of the stock system sentence (LLaVA) or opens the first user turn
 * (Mistral), where theirs would print it as an answer.
 */
import type { Json } from "../family.ts";
import { languageModel } from "./config.ts";

const texts = (list: string) =>
  `{% for item in ${list} %}{% if item['type'] == 'text' %}{{ item['text'] }}{% endif %}{% endfor %}`;
const partsInOrder =
  "{% for item in message['content'] %}" +
  "{% if item['type'] == 'text' %}{{ item['text'] }}{% elif item['type'] == 'image' %}<image>{% endif %}{% endfor %}";
const imagesFirst =
  "{% for item in message['content'] %}{% if item['type'] == 'image' %}{{ '<image>\\n' }}{% endif %}{% endfor %}";

export const chatTemplates: Record<"llama" | "mistral", string> = {
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
};

/** The one of a model, by its config.json: the language model's habits decide. */
export const llavaChatTemplate = (configJson: Json): string =>
  chatTemplates[languageModel((configJson.text_config ?? {}) as Json)];
