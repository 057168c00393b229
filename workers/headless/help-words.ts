/** What `--help` says: every command and option has its words here, and help.test.ts finds those that have none. */

export interface CommandWords {
  /** One or two sentences. */
  does: string;
  /** Options that mean something else here than in `optionWords`. */
  options?: Record<string, OptionWords>;
  /** Command lines without the program's name. */
  examples: string[];
}

/** The value's placeholder ("" for one without a value), and what it does. */
export type OptionWords = [value: string, does: string];

/** Options by name, as most commands have them. */
export const optionWords: Record<string, OptionWords> = {
  model: ["DIR", "the model: a folder as huggingface_hub downloads it"],
  data: [
    "PATH",
    "rows: a folder, a .jsonl, .json, .csv, .parquet, .zip, .tar or .tar.gz file, or hub:OWNER/NAME[@REVISION][:CONFIG[/SPLIT]]",
  ],
  mapping: ["FILE", "a JSON file that says which column is what"],
  instruction: ["TEXT", "what is asked of rows that have only a caption, a class or boxes"],
  answers: ["WHICH", "which of several answers is trained on: each, most-frequent or first"],
  boxes: [
    "UNIT",
    "how boxes are written in answers: 0-1000, 0-1, pixels or resized-pixels (else as the model's publisher does)",
  ],
  "box-format": [
    "FORM",
    "how the data has its boxes where it does not say so: coco, pascal_voc, yolo, albumentations, cxcywh-pixels, xywh-1, xyxy-1000 or yxyx-1000",
  ],
  rows: ["N", "read the first N rows only"],
  recipe: ["FILE", "settings, a JSON file with Hugging Face's names (defaults for all that it leaves out)"],
  adapter: ["DIR", "a PEFT adapter: its folder, or a zip"],
  image: ["FILE", "a picture"],
  out: ["FILE", "where the result goes"],
  steps: ["N", "stop after N steps; the schedule stays the recipe's"],
  "lora-init": ["FILE", "a safetensors file with the first values of the LoRA matrices"],
  resume: ["", "go on from the last checkpoint in --out"],
  dump: ["", "also write gradients of the first three steps, and the optimizer's moments at the end"],
  row: ["N", "which row, from 0"],
  prompt: ["TEXT", "what is asked"],
  metric: ["NAME", "what answers are judged by, such as exact_match or vqa_accuracy (else what fits the data)"],
  "max-new-tokens": ["N", "the longest answer, in tokens"],
  report: ["FILE", "also write counts, skipped rows and notes as JSON"],
  parquet: ["FILE", "also write the rows as a data set that Python's datasets loads"],
  all: ["", "on a software GPU, try the kernels for graphics cards too (some minutes)"],
  quick: ["", "a shorter measurement"],
};

export const commandWords: Record<string, CommandWords> = {
  train: {
    does: "Trains a LoRA adapter on rows of pictures and texts. Ctrl-C ends the step, saves, and says how to go on.",
    options: {
      out: ["DIR", "adapter, card, steps.jsonl and checkpoints go there"],
      adapter: ["DIR", "begin with this PEFT adapter: its folder, or a zip"],
    },
    examples: [
      "train --model llava-1.5-7b-hf --data pictures/ --recipe recipe.json --out run",
      "train --model llava-1.5-7b-hf --data hub:HuggingFaceH4/llava-instruct-mix-vsft --rows 500 --recipe recipe.json --out run",
      "train --model llava-1.5-7b-hf --data pictures/ --recipe recipe.json --out run --resume",
    ],
  },
  rows: {
    does: "Shows what is understood of data: a JSON line for each row that would be trained on. Needs no model and no GPU.",
    examples: [
      "rows --data pictures/",
      "rows --data coco/ --boxes 0-1000",
      "rows --data table.csv --report report.json --parquet rows.parquet",
    ],
  },
  tokenize: {
    does: "Writes the token ids and labels of each row, a JSON line a row. Needs no GPU.",
    examples: ["tokenize --model llava-1.5-7b-hf --data pictures/ --recipe recipe.json > ids.jsonl"],
  },
  preprocess: {
    does: "Writes a picture as the model's tower gets it, as safetensors. Needs no GPU.",
    examples: ["preprocess --model llava-1.5-7b-hf --image cat.jpg --out pixels.safetensors"],
  },
  features: {
    does: "Writes what tower and connector make of a picture, as safetensors.",
    examples: ["features --model llava-1.5-7b-hf --image cat.jpg --out features.safetensors"],
  },
  logits: {
    does: "Writes the logits of one row at the positions that have a label, as safetensors.",
    examples: [
      "logits --model llava-1.5-7b-hf --adapter run --data pictures/ --row 0 --recipe recipe.json --out logits.safetensors",
    ],
  },
  evaluate: {
    does: "Says the loss over all rows.",
    examples: ["evaluate --model llava-1.5-7b-hf --adapter run --data heldout/ --recipe recipe.json"],
  },
  predict: {
    does: "Answers every row into a file, and says how right the answers are. The same command goes on where one was stopped.",
    options: {
      out: ["FILE", "a .jsonl or .csv file, a line a row"],
      prompt: ["TEXT", "asked of every row in place of its own question"],
    },
    examples: [
      "predict --model llava-1.5-7b-hf --adapter run --data heldout/ --out answers.csv",
      'predict --model llava-1.5-7b-hf --data photos/ --prompt "What is in the picture?" --max-new-tokens 64 --out answers.jsonl',
    ],
  },
  generate: {
    does: "Goes on with a prompt, greedily: ids and text as JSON.",
    options: {
      image: ["FILE", "a picture; given once for each <image> of the prompt"],
      prompt: ["TEXT", "the whole prompt, with <image> where a picture goes"],
    },
    examples: [
      'generate --model llava-1.5-7b-hf --image cat.jpg --prompt "USER: <image>\\nWhat is it? ASSISTANT:" --max-new-tokens 32',
    ],
  },
  plan: {
    does: "Says how much memory and work a step takes. Nothing is allocated, and no GPU is needed.",
    examples: ["plan --model llava-1.5-7b-hf --recipe recipe.json"],
  },
  merge: {
    does: "Writes the model with an adapter merged into its original weights, as a Hugging Face folder. Needs no GPU.",
    options: {
      out: ["DIR", "a new or an empty folder"],
      recipe: ["FILE", "the recipe of the training: how pictures were cut is written down"],
    },
    examples: ["merge --model llava-1.5-7b-hf --adapter run --recipe recipe.json --out merged"],
  },
  gguf: {
    does: "Writes an adapter, or with --merged the whole model, as GGUF for llama.cpp and Ollama. Needs no GPU.",
    options: {
      out: ["FILE", "the adapter's file; with --merged a new or an empty folder"],
      merged: ["", "the whole model with the adapter in it: language model, mmproj and Modelfile"],
      type: ["TYPE", "weights of the language model with --merged: f16 (else) or q8_0"],
      recipe: ["FILE", "the recipe of the training, with --merged: how turns were written and pictures cut"],
    },
    examples: [
      "gguf --model llava-1.5-7b-hf --adapter run --out adapter.gguf",
      "gguf --model llava-1.5-7b-hf --adapter run --merged --type q8_0 --recipe recipe.json --out ollama",
    ],
  },
  handover: {
    does: "Writes a folder that goes on with this recipe on a GPU server: train.py, the rows, the adapter and how to start it. Needs no GPU.",
    options: {
      out: ["DIR", "a new or an empty folder"],
      adapter: ["DIR", "begin with this PEFT adapter: its folder, or a zip"],
      run: ["DIR", "go on where this run of train stands, with its step and the optimizer's moments"],
      "pictures-by-name": ["", "leave pictures of --data hub:… there: the server downloads them at the same commit"],
      ranks: ["LIST", "say how the rows of a step lie on so many processes, as 1,8,64"],
      "dry-run": ["", "say only that, a JSON line each, and write nothing"],
    },
    examples: [
      "handover --model llava-1.5-7b-hf --data pictures/ --recipe recipe.json --out server",
      "handover --model llava-1.5-7b-hf --data pictures/ --recipe recipe.json --run run --out server",
      "handover --model llava-1.5-7b-hf --data pictures/ --recipe recipe.json --ranks 1,8,64 --dry-run",
    ],
  },
  selftest: {
    does: "Holds every kernel on this GPU against the processor, and writes the report as JSON.",
    options: { model: ["DIR", "test at the head sizes of this model"] },
    examples: ["selftest", "selftest --model llava-1.5-7b-hf --all"],
  },
  check: {
    does: "Looks whether what `train` keeps on disk is what it wrote: JSON; with --repair takes away what is damaged.",
    options: {
      out: ["DIR", "the --out of a train command"],
      repair: ["", "take away what is damaged"],
    },
    examples: ["check --out run", "check --out run --repair"],
  },
  measure: {
    does: "Measures what this GPU can do: facts, self-test, peaks, kernels and whole steps.",
    examples: ["measure --out card.json --quick"],
  },
};
