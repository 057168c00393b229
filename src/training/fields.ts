/** The fields of the recipe's form: what people call them, and what they mean in a few words. Limits are the recipe's own. */
import { METRIC_NAMES } from "../../workers/metrics/metric.ts";

const nameOf = (metric: string): string => metric.replaceAll("_", " ");

export interface NumberField {
  label: string;
  /** Hugging Face name. */
  name: string;
  hint: string;
  /** May be left empty. */
  optional?: true;
}

export interface ChoiceField extends NumberField {
  options: [value: unknown, text: string][];
}

/** Always open. */
export const mainFields: NumberField[] = [
  { label: "Steps", name: "max_steps", hint: "updates of the adapter" },
  { label: "Batch size", name: "per_device_train_batch_size", hint: "rows at a time" },
  { label: "Learning rate", name: "learning_rate", hint: "ten times that of full training" },
  { label: "LoRA rank", name: "lora_r", hint: "more: a larger adapter" },
  { label: "LoRA alpha", name: "lora_alpha", hint: "updates × alpha / rank" },
];

/** Open too: whether held-out rows are measured. */
export const evaluationChoice: ChoiceField = {
  label: "Held-out rows",
  name: "eval_strategy",
  hint: "does it learn, or learn by heart?",
  options: [
    ["no", "none: all are trained on"],
    ["steps", "measured as it trains"],
  ],
};

/** There while held-out rows are measured. */
export const evaluationFields: NumberField[] = [
  { label: "Measure every … steps", name: "eval_steps", hint: "and at the start and the end" },
  { label: "Share held out", name: "eval_split", hint: "8 to 512 rows; a validation split goes first" },
  { label: "Rows answered", name: "eval_answers", hint: "at each measurement; 0: none" },
  {
    label: "End early after",
    name: "early_stopping_patience",
    hint: "measurements without a better one; empty: never",
    optional: true,
  },
];

export const bestChoice: ChoiceField = {
  label: "The run ends with",
  name: "load_best_model_at_end",
  hint: "both can be downloaded",
  options: [
    [false, "the last adapter"],
    [true, "the best measurement's"],
  ],
};

/** What judges answers, and by what an evaluation is the best. */
export const judgingChoices: ChoiceField[] = [
  {
    label: "Answers judged by",
    name: "eval_metric",
    hint: "figures of the task itself",
    options: [
      [null, "what fits the right answers"],
      ...METRIC_NAMES.map((name): [string, string] => [name, nameOf(name)]),
    ],
  },
  {
    label: "Best by",
    name: "metric_for_best_model",
    hint: "which measurement is the best",
    options: [["loss", "held-out loss"], ...METRIC_NAMES.map((name): [string, string] => [name, nameOf(name)])],
  },
];

/** Under "More settings", after the choices. */
export const moreFields: NumberField[] = [
  { label: "Gradient accumulation", name: "gradient_accumulation_steps", hint: "batches of a step" },
  { label: "Warm-up share", name: "warmup_ratio", hint: "of all steps" },
  { label: "LoRA dropout", name: "lora_dropout", hint: "share of inputs dropped" },
  { label: "Weight decay", name: "weight_decay", hint: "0: none" },
  { label: "Largest gradient norm", name: "max_grad_norm", hint: "0: no clipping" },
  { label: "Save every … steps", name: "save_steps", hint: "a run goes on from there" },
  { label: "Checkpoints kept", name: "save_total_limit", hint: "and that of the best measurement" },
  { label: "Longest row in tokens", name: "max_length", hint: "longer rows are cut" },
  { label: "Seed", name: "seed", hint: "of all random numbers" },
];

/** Choices among values of any kind, by what they are called. */
export const choiceFields: ChoiceField[] = [
  {
    label: "Train on",
    name: "train_on",
    hint: "what counts in the loss",
    options: [
      ["responses", "answers only"],
      ["all-text", "all text"],
    ],
  },
  {
    label: "Schedule",
    name: "lr_scheduler_type",
    hint: "of the learning rate",
    options: [
      ["linear", "linear"],
      ["cosine", "cosine"],
      ["constant", "constant"],
    ],
  },
  {
    label: "Adapted linears",
    name: "target_modules",
    hint: "where LoRA learns",
    options: [
      ["language-model", "language model"],
      ["all-linear", "vision tower and projector too"],
    ],
  },
  {
    label: "Optimizer",
    name: "optim",
    hint: "8 bits: less memory",
    options: [
      ["adamw_torch", "AdamW"],
      ["adamw_bnb_8bit", "AdamW, 8-bit moments"],
    ],
  },
  {
    label: "Activations",
    name: "gradient_checkpointing",
    hint: "for the backward pass",
    options: [
      [null, "automatic"],
      [false, "kept: less work, more memory"],
      [true, "recomputed: more work, less memory"],
    ],
  },
  {
    label: "Projector",
    name: "modules_to_save",
    hint: "from pictures to words",
    options: [
      [null, "as adapted linears say"],
      [["multi_modal_projector"], "trained in full"],
    ],
  },
  {
    label: "Order of rows",
    name: "data_order",
    hint: "in each epoch",
    options: [
      ["shuffled", "shuffled"],
      ["huggingface", "as Hugging Face shuffles"],
      ["sequential", "as in the files"],
    ],
  },
];

/** All, in the order of the form. */
export const fields: NumberField[] = [
  ...mainFields,
  evaluationChoice,
  ...evaluationFields,
  bestChoice,
  ...judgingChoices,
  ...choiceFields,
  ...moreFields,
];

/** What people call a field, by its Hugging Face name. */
export const labelOfField = (name: string): string => fields.find((field) => field.name === name)?.label ?? name;
