/** One question about files that were dropped beside others. The focus goes to it: who dropped them reads or hears it next. */
import { useEffect, useId, useRef } from "react";
import { Action } from "../parts/Action.tsx";
import { useDataset } from "../stores/dataset.ts";

export function SecondDropQuestion() {
  const question = useDataset((s) => s.question);
  const { answer, dismiss } = useDataset.getState();
  const words = useId();
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    if (question) group.current?.focus();
  }, [question]);
  if (!question) return null;
  const { names, likely } = question;
  const add = (
    <Action key="add" kind={likely ? "primary" : undefined} onPress={() => void answer(true)}>
      Add to {names.before}
    </Action>
  );
  const apart = (
    <Action key="apart" kind={likely ? undefined : "primary"} onPress={() => void answer(false)}>
      New data set
    </Action>
  );
  return (
    <fieldset
      ref={group}
      className="note second-drop"
      aria-labelledby={words}
      tabIndex={-1}
      onKeyDown={({ key }) => {
        if (key === "Escape") dismiss();
      }}
    >
      <p id={words}>{question.question}</p>
      <div className="row">
        {likely ? [add, apart] : [apart, add]}
        <Action kind="quiet" onPress={dismiss}>
          Leave {question.dropped.length === 1 ? "it" : "them"} out
        </Action>
      </div>
    </fieldset>
  );
}
