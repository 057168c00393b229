/** Who can answer: the base model, and adapters of the saved runs that were made on it. */
import { titleOf } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { language, words } from "../words/index.ts";
import { otherCheckpoint } from "./run-names.ts";
import type { Speaker } from "./turns.ts";

export const baseSpeaker = (modelId: string): Speaker => ({
  key: `${modelId} base`,
  name: words().chat.speakers.base,
});

/** An adapter's key: a run that has trained on is the same speaker. */
export const adapterKey = (modelId: string, runId: string, which?: "best" | "last"): string =>
  [modelId, runId, which].filter(Boolean).join(" ");

/** The base model first, then runs as they are listed. `live`: the run of this tab, whose step the list does not know yet. */
export function speakersOf(
  modelId: string,
  runs: readonly RunSummary[],
  live?: { runId: string | undefined; step: number },
): Speaker[] {
  const say = words().chat.speakers;
  const adapters = runs
    .filter((run) => run.modelId === modelId && (run.bytes > 0 || run.id === live?.runId))
    .flatMap((run) => {
      const title = titleOf(run);
      const step = run.id === live?.runId ? live.step : run.step;
      const best = run.recipe.load_best_model_at_end === true ? run.best?.step : undefined;
      const speaker = (name: string, which?: "best" | "last"): Speaker => ({
        key: adapterKey(modelId, run.id, which),
        name: `${title}, ${name}`,
        adapter: which ? { runId: run.id, which } : { runId: run.id },
      });
      const ends = speaker(run.lineage.imported ? say.imported : say.step(best ?? step));
      const other = otherCheckpoint({ ...run, step });
      const all = other ? [ends, speaker(say[other.which](other.step), other.which)] : [ends];
      return all.map((one) => ({ ...one, createdAt: run.createdAt }));
    });
  const isShared = (name: string): boolean => adapters.filter((one) => one.name === name).length > 1;
  return [
    baseSpeaker(modelId),
    ...adapters.map(({ createdAt, name, ...speaker }) => ({
      ...speaker,
      // A time stays the same when more runs come, as a number would not.
      name: isShared(name) ? say.of(name, new Date(createdAt).toLocaleString(language())) : name,
    })),
  ];
}
