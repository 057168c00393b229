/** What came of a saved run: the finding with its figures, what to try, the way to ask it oneself, and what it said to held-out rows. */
import { CircleCheck, CircleDashed, CircleX } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { adviceWords } from "../../workers/advice.ts";
import { parseRecipe } from "../../workers/recipe.ts";
import { adviceOnRun } from "../../workers/training/advice/on-run.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { Action } from "../parts/Action.tsx";
import { AdviceList } from "../parts/AdviceList.tsx";
import { AnswerGallery } from "../parts/AnswerGallery.tsx";
import { showPanel } from "../parts/show-panel.ts";
import { useAnswers } from "../stores/answers.ts";
import { useApply } from "../stores/apply.ts";
import { useModel } from "../stores/model.ts";
import { stepOf } from "../stores/run-names.ts";
import { fileNameOf } from "../stores/runs.ts";
import { useSides } from "../stores/sides.ts";
import { adapterKey, baseSpeaker } from "../stores/speakers.ts";
import { words } from "../words/index.ts";
import { findingOf, type Outcome } from "./finding.ts";
import { type Kept, useKept } from "./use-result.ts";

const SIGNS: Record<Outcome, typeof CircleCheck> = {
  improved: CircleCheck,
  partly: CircleCheck,
  unchanged: CircleX,
  worse: CircleX,
  unknown: CircleDashed,
};

interface WhatToTryProps {
  run: RunSummary;
  kept: Kept;
  /** Without advice, say what it takes to get some. */
  wanted: boolean;
}

/** Advice on the run, in words. That on the run of this tab has its buttons in the Training panel. */
function WhatToTry({ run, kept, wanted }: WhatToTryProps) {
  const model = useModel((s) => s.info);
  const advice = useMemo(() => {
    if (model?.id !== run.modelId) return [];
    const recipe = parseRecipe(run.recipe);
    return adviceOnRun({ ...kept, recipe, hiddenSize: model.hiddenSize, ended: true });
  }, [model, run, kept]);
  const say = words().runs.finding;
  if (wanted && model?.id !== run.modelId) return <p className="detail">{say.loadForAdvice(run.modelLabel)}</p>;
  const items = advice.map((one) => ({ about: one.about, words: adviceWords(one), buttons: [] }));
  return <AdviceList label={say.whatToTry} items={items} />;
}

/** Ways to see for oneself. `obstacle`: why the chat cannot speak by this run now; "" when it can. */
function Ask({ run, obstacle }: { run: RunSummary; obstacle: string }) {
  const say = words().runs.ask;
  const job = useApply((s) =>
    s.jobs.find(
      ({ adapter, which }) => which === "held out" && adapter?.runId === run.id && adapter.step === stepOf(run),
    ),
  );
  const heldOut = run.recipe.eval_strategy === "steps";
  const beside = (): void => {
    const { setOn, pick } = useSides.getState();
    setOn(true);
    pick("left", baseSpeaker(run.modelId).key);
    pick("right", adapterKey(run.modelId, run.id));
    showPanel("chat", "textarea");
  };
  const showWrong = async (): Promise<void> => {
    useApply.getState().show(job?.id);
    showPanel("apply");
    await useAnswers.getState().look({ filter: "wrong" });
  };
  const answerAll = (): void => {
    useApply.getState().change({ rows: `run ${run.id}`, adapter: run.id });
    showPanel("apply", "select");
  };
  return (
    <div className="row centred">
      <Action reason={obstacle} onPress={beside}>
        {say.sides}
      </Action>
      {heldOut && (
        <Action kind="quiet" onPress={job ? () => void showWrong() : answerAll}>
          {job ? say.wrong : say.allHeldOut}
        </Action>
      )}
    </div>
  );
}

interface ResultProps {
  run: RunSummary;
  /** Why the chat cannot speak by this run now; "" when it can. */
  obstacle: string;
  /** What else can be done with the run. */
  children: ReactNode;
}

export function Result({ run, obstacle, children }: ResultProps) {
  const kept = useKept(run);
  const say = words().runs;
  if (!kept)
    return (
      <div className="what-came">
        <div className="found">
          <p className="detail">{say.finding.reading}</p>
          {children}
        </div>
      </div>
    );
  const finding = findingOf({ run, ...kept });
  const { answers } = kept;
  const Sign = SIGNS[finding?.outcome ?? "unknown"];
  return (
    <div className="what-came" data-outcome={finding?.outcome}>
      <div className="found">
        {finding ? (
          <>
            <p className="outcome">
              <Sign className="icon" aria-hidden />
              {say.finding.outcomes[finding.outcome]}
            </p>
            <p className="finding">{finding.words}</p>
            {finding.more.length > 0 && <p className="detail">{finding.more.join(" ")}</p>}
            <WhatToTry run={run} kept={kept} wanted={finding.outcome === "unchanged" || finding.outcome === "worse"} />
          </>
        ) : (
          <p>{run.lineage.imported ? say.finding.imported : say.finding.none}</p>
        )}
        <Ask run={run} obstacle={obstacle} />
        {children}
      </div>
      {answers && answers.steps.length > 0 && (
        <section className="said-rows" aria-labelledby={`said-${run.id}`}>
          <h3 id={`said-${run.id}`}>{say.answers}</h3>
          <AnswerGallery
            answers={answers}
            name={`${fileNameOf(run, "answers").replace(/\.answers$/, "")}-answers`}
            wrongFirst
          />
        </section>
      )}
    </div>
  );
}
