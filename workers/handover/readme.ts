/** The README of a handed-over run. */
import { code, line } from "../markdown.ts";
import type { Recipe } from "../recipe.ts";
import { counted } from "../words.ts";
import type { HandoverFacts } from "./handed.ts";
import { sharesOf } from "./scale.ts";

export interface AboutHandover extends HandoverFacts {
  datasetLabel: string;
  /** Adam's moments of the run come along. */
  moments: boolean;
  recipe: Recipe;
  notes: readonly string[];
}

/** The base model as the command line needs it: nothing where train.py finds it by itself. */
export const modelArgument = ({ model }: Pick<AboutHandover, "model">): string =>
  model.inside || model.revision !== null ? "" : " --model FOLDER_OR_NAME";

export function readme(about: AboutHandover): string {
  const { model, rows, held_out: heldOut, steps, start, recipe, notes, datasetLabel, moments } = about;
  const shares = sharesOf(recipe, 1);
  const begins =
    start.step > 0
      ? `It goes on after step ${start.step}${moments ? ", with Adam's moments of the run" : ", with new moments of Adam"}.`
      : "It begins at step 1.";
  const base = model.inside
    ? "The base model lies in `model/`."
    : model.revision === null
      ? `The base model is not here: \`--model\` says where ${code(model.name)} is, a folder or a name on the hub.`
      : `The base model is fetched from the hub: ${code(model.name)}, commit ${code(model.revision)}.`;
  return `# ${line(model.name)} on ${line(datasetLabel)}, handed over by TabTune

${counted(rows, "row")} to train on, ${heldOut} held out, ${counted(steps, "step")} of ${counted(shares.rowsPerStep, "row")}. ${begins} ${base}

    pip install -r requirements.txt
    accelerate launch --config_file accelerate/one-gpu.yaml train.py${modelArgument(about)}
    zip -j adapter.zip out/adapter_model.safetensors out/adapter_config.json

Drop \`adapter.zip\` on TabTune's page: chat with it, compare it with other runs, or train on from it. \`out/steps.jsonl\` has a line a step, as \`train\` of the command line writes it.

| where | instead of the second line |
|---|---|
| several GPUs | \`accelerate launch --config_file accelerate/several-gpus.yaml --num_processes 8 train.py\` |
| a model too large for one GPU | \`accelerate launch --config_file accelerate/fsdp-qlora.yaml --num_processes 8 train.py\` |
| the same with DeepSpeed | \`pip install deepspeed\`, then \`accelerate launch --config_file accelerate/zero3.yaml --num_processes 8 train.py\` |
| several machines | \`torchrun --nnodes 2 --nproc_per_node 8 --rdzv_backend c10d --rdzv_endpoint HOST:29500 train.py\` on each, or \`sbatch slurm.sh\` |
| a free cloud | \`notebook.ipynb\` |
| no GPU | \`accelerate launch --cpu --num_processes 1 train.py\` |

The rows of a step are the same on any number of processes, in the same order (\`data/order.parquet\`); more processes than rows in a step stand idle in it: here ${shares.rowsPerStep} are the most that help. Less memory on each: \`--rows-at-once 1\`. A job that was cut off goes on with \`--resume\`. \`recipe.json\` is the run's recipe, with the names of transformers, TRL and PEFT.

On a GPU the arithmetic is bf16 (\`--dtype float32\` has f32, as TabTune), so losses differ in the third digit. With FSDP and ZeRO-3 LoRA itself is kept in that format too, since shards are of one. ${moments ? "Under ZeRO-3 Adam's moments cannot come along: `--fresh-moments`." : ""}
${notes.length > 0 ? `\nTold when this was written:\n\n${notes.map((note) => `- ${line(note)}\n`).join("")}` : ""}`;
}
