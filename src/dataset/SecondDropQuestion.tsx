/** One question about files that were dropped beside others. The focus goes to it: who dropped them reads or hears it next. */
import { useEffect, useId, useRef } from "react";
import { Action } from "../parts/Action.tsx";
import { useDataset } from "../stores/dataset.ts";
import { words } from "../words/index.ts";

export function SecondDropQuestion() {
  const question = useDataset((s) => s.question);
  const { answer, dismiss } = useDataset.getState();
  const asked = useId();
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    if (question) group.current?.focus();
  }, [question]);
  if (!question) return null;
  const { names, likely } = question;
  const say = words().data.drops;
  const add = (
    <Action key="add" kind={likely ? "primary" : undefined} onPress={() => void answer(true)}>
      {say.add(names.before)}
    </Action>
  );
  const apart = (
    <Action key="apart" kind={likely ? undefined : "primary"} onPress={() => void answer(false)}>
      {say.apart}
    </Action>
  );
  return (
    <fieldset
      ref={group}
      className="note second-drop"
      aria-labelledby={asked}
      tabIndex={-1}
      onKeyDown={({ key }) => {
        if (key === "Escape") dismiss();
      }}
    >
      <p id={asked} dir="auto">
        {question.question}
      </p>
      <div className="row">
        {likely ? [add, apart] : [apart, add]}
        <Action kind="quiet" onPress={dismiss}>
          {say.leave(question.dropped.length === 1)}
        </Action>
      </div>
    </fieldset>
  );
}
