/** Three questions in words that set the numbers of the recipe: for people who know what they want, and no names. */
import { useId } from "react";
import { bytes } from "../parts/format.ts";
import { adapterKeys, useBeginning } from "../stores/beginning.ts";
import { useCarePlans } from "../stores/care-plans.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { presetFields } from "../stores/presets.ts";
import { isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { type Answer, type Asked, askedOf } from "./questions.ts";
import { usePresetForm } from "./use-preset-form.ts";

function Choice({ group, answer, chosen }: { group: string; answer: Answer; chosen: boolean }) {
  const id = useId();
  const { setSome } = useTraining.getState();
  return (
    <label className="choice">
      <input
        type="radio"
        name={group}
        checked={chosen}
        aria-labelledby={`${id}title`}
        aria-describedby={["says", "effect", "numbers"].map((part) => `${id}${part}`).join(" ")}
        onChange={() => setSome(answer.sets)}
      />
      <strong id={`${id}title`}>{answer.title}</strong>
      <span id={`${id}says`}>{answer.says}</span>
      <span id={`${id}effect`} className="effect">
        {answer.effect}
      </span>
      <small id={`${id}numbers`}>{answer.numbers}</small>
    </label>
  );
}

function QuestionGroup({ asked }: { asked: Asked }) {
  const running = useTraining((s) => isRunning(s.state));
  const group = useId();
  const told = asked.obstacle || asked.otherwise;
  return (
    <fieldset
      className="question"
      disabled={running || asked.obstacle !== ""}
      aria-describedby={told ? group : undefined}
    >
      <legend>{asked.legend}</legend>
      <div className="choices">
        {asked.answers.map((answer) => (
          <Choice key={answer.name} group={asked.question} answer={answer} chosen={answer.name === asked.chosen} />
        ))}
      </div>
      {told && (
        <p className="detail" id={group}>
          {told}
        </p>
      )}
    </fieldset>
  );
}

/** What a run takes by an answer to the last question, in words. */
function useTakes(): (care: string) => string {
  const { plans } = useCarePlans();
  const { takes, takesTight, takesTooMuch } = words().recipe.questions.care;
  const say = { fits: takes, tight: takesTight, "too-large": takesTooMuch };
  return (care) => {
    const plan = plans[care as keyof typeof plans];
    return plan ? say[plan.fits](bytes(plan.totalBytes)) : "";
  };
}

export function Questions() {
  const fields = useTraining((s) => s.fields);
  const preset = useTraining((s) => s.preset);
  const presetForm = usePresetForm();
  const model = useModel((s) => s.info);
  const data = useDataset((s) => s.info);
  const training = useDataset((s) => s.separated?.training);
  const beginsWith = useBeginning((s) => s.run);
  const takes = useTakes();
  const asking = {
    fields,
    preset: { fields: presetForm, name: words().recipe.presets.names[preset] },
    rows: data ? (training ?? data.rows) : 0,
    hiddenSize: model?.hiddenSize ?? 0,
    // The seed report's rate is that of full training.
    rate: Number(presetFields(model?.recipe ? "Demo model" : "Practical").learning_rate),
    goesOn: Object.keys(adapterKeys(beginsWith)).length > 0,
  };
  return (
    <div className="three-questions">
      {askedOf(asking, takes).map((asked) => (
        <QuestionGroup key={asked.question} asked={asked} />
      ))}
    </div>
  );
}
