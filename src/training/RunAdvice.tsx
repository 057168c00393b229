/** What the figures of the run show, while it goes on and after it; and a button that leads there from what is in sight. */
import { Lightbulb } from "lucide-react";
import { useMemo } from "react";
import type { Advice } from "../../workers/advice.ts";
import { adviceOnAnswers } from "../../workers/metrics/answer-advice.ts";
import { parseRecipe } from "../../workers/recipe.ts";
import { adviceOnRun } from "../../workers/training/advice/on-run.ts";
import type { StepAnswers } from "../../workers/training/saved/answers.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { type AdviceItem, AdviceList } from "../parts/AdviceList.tsx";
import { useBeginning } from "../stores/beginning.ts";
import { useModel } from "../stores/model.ts";
import { useRunAnswers } from "../stores/run-answers.ts";
import { isRunning } from "../stores/run-state.ts";
import { useRuns } from "../stores/runs.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { setButton } from "./set-button.ts";

/** `run`: the saved run, once it is listed. */
function buttonsOf({ set, deed }: Advice, running: boolean, run: RunSummary | undefined): AdviceItem["buttons"] {
  const say = words().run.advice;
  const buttons = set ? [setButton(set, running ? say.goesOn : "")] : [];
  if (deed === "stop") return [...buttons, { label: say.end, onPress: useTraining.getState().stopAndSave }];
  // The checkpoint of the best evaluation is what is kept of it.
  if (deed !== "take the best" || !run?.best) return buttons;
  const { step } = run.best;
  return [
    ...buttons,
    { label: say.download(step), onPress: () => void useRuns.getState().save(run, "best") },
    { label: say.trainOn(step), onPress: () => useBeginning.getState().beginWith(run, "best") },
  ];
}

/** The model's last answers to held-out rows, where they repeat themselves. Before the first step that says nothing of the run. */
function adviceOnLoops(said: StepAnswers | undefined): Advice[] {
  if (!said || said.step === 0) return [];
  const answers = said.answers.map(({ text }) => ({ answer: text, stopped: "eos" as const }));
  // As of answers by chance: how words are chosen is no matter of the recipe.
  return adviceOnAnswers(answers, { maxNewTokens: 0, temperature: 1 });
}

export function useRunAdvice(): AdviceItem[] {
  const { state, records, evaluations, planned, runId } = useTraining();
  const run = useRuns((s) => s.runs.find(({ id }) => id === runId));
  const hiddenSize = useModel((s) => s.info?.hiddenSize);
  const running = isRunning(state);
  const ended = state === "done" || state === "stopped";
  // A run that begins is not listed yet.
  const own = useMemo(() => run && parseRecipe(run.recipe), [run]);
  const recipe = own ?? (running ? planned : undefined);
  const advice = useMemo(
    () =>
      recipe && hiddenSize && (running || ended)
        ? adviceOnRun({ records, evaluations, recipe, hiddenSize, ended })
        : [],
    [records, evaluations, recipe, hiddenSize, running, ended],
  );
  const said = useRunAnswers((s) => s.answers?.steps.at(-1));
  const loops = useMemo(() => adviceOnLoops(said), [said]);
  return [...advice, ...loops].map((one) => ({ ...one, buttons: buttonsOf(one, running, run) }));
}

const LIST = "run-advice";

/** Nothing where there is none. */
export function AdviceSign({ items }: { items: AdviceItem[] }) {
  if (items.length === 0) return null;
  const show = (): void => {
    const list = document.getElementById(LIST)!;
    list.scrollIntoView({ block: "center" });
    list.focus({ preventScroll: true });
  };
  return (
    <Action kind="quiet" icon={Lightbulb} onPress={show}>
      {words().run.advice.below(items.length)}
    </Action>
  );
}

export function RunAdvice({ items }: { items: AdviceItem[] }) {
  return (
    <div id={LIST} tabIndex={-1}>
      <AdviceList label={words().run.advice.label} items={items} />
    </div>
  );
}
