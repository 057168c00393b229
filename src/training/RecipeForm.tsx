/** The recipe as fields. The five that matter first are always open; the rest folds away. */
import { useId } from "react";
import { useModel } from "../stores/model.ts";
import { isRunning } from "../stores/run-state.ts";
import { type Preset, useTraining } from "../stores/training.ts";

interface NumberField {
  label: string;
  name: string;
  min: number;
  step: number | "any";
  hint?: string;
}

const main: NumberField[] = [
  { label: "Steps", name: "max_steps", min: -1, step: 1, hint: "max_steps: optimizer steps" },
  { label: "Batch size", name: "per_device_train_batch_size", min: 1, step: 1, hint: "per_device_train_batch_size" },
  {
    label: "Learning rate",
    name: "learning_rate",
    min: 0,
    step: "any",
    hint: "learning_rate: 2e-4 is usual for LoRA; the seed report had 2e-5",
  },
  { label: "LoRA rank", name: "lora_r", min: 1, step: 1, hint: "lora_r" },
  {
    label: "LoRA alpha",
    name: "lora_alpha",
    min: 1,
    step: "any",
    hint: "lora_alpha: updates are scaled by alpha / rank",
  },
];
const more: NumberField[] = [
  { label: "Gradient accumulation", name: "gradient_accumulation_steps", min: 1, step: 1 },
  { label: "Warm-up share", name: "warmup_ratio", min: 0, step: "any", hint: "warmup_ratio: share of all steps" },
  { label: "LoRA dropout", name: "lora_dropout", min: 0, step: "any", hint: "lora_dropout: share of inputs dropped" },
  { label: "Weight decay", name: "weight_decay", min: 0, step: "any" },
  {
    label: "Largest gradient norm",
    name: "max_grad_norm",
    min: 0,
    step: "any",
    hint: "max_grad_norm; 0 switches clipping off",
  },
  { label: "Save every … steps", name: "save_steps", min: 1, step: 1 },
  { label: "Longest row in tokens", name: "max_length", min: 16, step: 1 },
  { label: "Seed", name: "seed", min: 0, step: 1 },
];
/** A choice among values of any kind, by what they are called. */
const choices: { label: string; name: string; hint?: string; options: [value: unknown, text: string][] }[] = [
  {
    label: "Train on",
    name: "train_on",
    options: [
      ["responses", "answers only"],
      ["all-text", "all text"],
    ],
  },
  {
    label: "Schedule",
    name: "lr_scheduler_type",
    options: [
      ["linear", "linear"],
      ["cosine", "cosine"],
      ["constant", "constant"],
    ],
  },
  {
    label: "Adapted linears",
    name: "target_modules",
    options: [
      ["language-model", "language model"],
      ["all-linear", "vision tower and projector too"],
    ],
  },
  {
    label: "Optimizer",
    name: "optim",
    options: [
      ["adamw_torch", "AdamW"],
      ["adamw_bnb_8bit", "AdamW, 8-bit moments"],
    ],
  },
  {
    label: "Activations",
    name: "gradient_checkpointing",
    hint: "gradient_checkpointing: what the backward pass needs of the forward pass is kept, or computed a second time",
    options: [
      [null, "automatic"],
      [false, "kept: less work, more memory"],
      [true, "recomputed: more work, less memory"],
    ],
  },
  {
    label: "Projector",
    name: "modules_to_save",
    hint: "modules_to_save: the projector between pictures and words, in f32 and without LoRA",
    options: [
      [null, "as adapted linears say"],
      [["multi_modal_projector"], "trained in full"],
    ],
  },
  {
    label: "Order of rows",
    name: "data_order",
    options: [
      ["shuffled", "shuffled"],
      ["huggingface", "as Hugging Face shuffles"],
      ["sequential", "as in the files"],
    ],
  },
];

function Choice({ choice: { label, name, hint, options } }: { choice: (typeof choices)[number] }) {
  const value = useTraining((s) => s.fields[name]);
  const setField = useTraining((s) => s.setField);
  const keyOf = (v: unknown): string => JSON.stringify(v ?? null);
  return (
    <label title={hint ?? name}>
      <span>{label}</span>
      <select value={keyOf(value)} onChange={(event) => setField(name, JSON.parse(event.target.value))}>
        {options.map(([option, text]) => (
          <option key={text} value={keyOf(option)}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function NumberInput({ field }: { field: NumberField }) {
  const value = useTraining((s) => s.fields[field.name]);
  const problem = useTraining((s) => s.problems.get(field.name));
  const setField = useTraining((s) => s.setField);
  const id = useId();
  return (
    <div>
      <label title={field.hint ?? field.name}>
        <span>{field.label}</span>
        <input
          type="number"
          min={field.min}
          step={field.step}
          value={typeof value === "number" && Number.isFinite(value) ? value : ""}
          aria-invalid={problem !== undefined}
          aria-describedby={problem ? id : undefined}
          onChange={(event) => setField(field.name, event.target.valueAsNumber)}
        />
      </label>
      {/* Beside the label, which is the field's name. */}
      {problem && (
        <span id={id} role="alert" className="problem">
          Must be {problem}.
        </span>
      )}
    </div>
  );
}

/** What people call the fields of the form, by their Hugging Face names. */
export const labelOfField = (name: string): string =>
  [...main, ...more, ...choices].find((field) => field.name === name)?.label ?? name;

export function RecipeForm() {
  const preset = useTraining((s) => s.preset);
  const running = useTraining((s) => isRunning(s.state));
  const { setPreset } = useTraining.getState();
  const demo = useModel((s) => s.info?.recipe != null);
  const presets: Preset[] = demo ? ["Demo model", "Practical", "Seed report"] : ["Practical", "Seed report"];
  return (
    <fieldset className="recipe" disabled={running}>
      <legend className="hidden">Recipe</legend>
      <div className="fields">
        <label>
          <span>Preset</span>
          <select value={preset} onChange={(event) => setPreset(event.target.value as Preset)}>
            {presets.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {main.map((field) => (
          <NumberInput key={field.name} field={field} />
        ))}
      </div>
      <details>
        <summary>More settings</summary>
        <div className="fields">
          {choices.map((choice) => (
            <Choice key={choice.name} choice={choice} />
          ))}
          {more.map((field) => (
            <NumberInput key={field.name} field={field} />
          ))}
        </div>
      </details>
    </fieldset>
  );
}
