/** The control of one field of the recipe: a number to write, or values to choose from. */
import { limitsOf } from "../../workers/recipe.ts";
import { adapterKeys, useBeginning } from "../stores/beginning.ts";
import { useTraining } from "../stores/training.ts";
import { isOptional, valuesOf, valueWords } from "./fields.ts";

/** The value is that of the adapter that the next run begins with. */
export const useLocked = (name: string): boolean => useBeginning((s) => name in adapterKeys(s.run));

interface ControlProps {
  /** Hugging Face name. */
  name: string;
  attributes: { id: string; "aria-describedby": string | undefined };
}

export function Control({ name, attributes }: ControlProps) {
  const value = useTraining((s) => s.fields[name]);
  const problem = useTraining((s) => s.problems.get(name));
  const locked = useLocked(name);
  const { setField } = useTraining.getState();
  const values = valuesOf(name, value);
  if (values.length > 0) {
    const keyOf = (v: unknown): string => JSON.stringify(v ?? null);
    return (
      <select
        {...attributes}
        disabled={locked}
        value={keyOf(value)}
        onChange={(event) => setField(name, JSON.parse(event.target.value))}
      >
        {values.map((option) => (
          <option key={keyOf(option)} value={keyOf(option)}>
            {valueWords(name, option)}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...attributes}
      type="number"
      disabled={locked}
      {...limitsOf(name)}
      value={typeof value === "number" && Number.isFinite(value) ? value : ""}
      aria-invalid={problem !== undefined}
      onChange={({ target }) => setField(name, isOptional(name) && target.value === "" ? null : target.valueAsNumber)}
    />
  );
}
