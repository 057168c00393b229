/** Who answers on which side, and whether that is hidden until a vote. */
import { Field } from "../parts/Field.tsx";
import { useSides } from "../stores/sides.ts";
import { SIDES, type Side } from "../stores/sides-rows.ts";
import type { Speaker } from "../stores/turns.ts";
import { words } from "../words/index.ts";

export function Pair({ speakers, pair }: { speakers: readonly Speaker[]; pair: Record<Side, Speaker | undefined> }) {
  const blind = useSides((s) => s.blind);
  const say = words().chat.sides;
  const { pick, setBlind } = useSides.getState();
  return (
    <div className="pair">
      {SIDES.map((side) => (
        <Field key={side} label={say.names[side]}>
          {(attributes) => (
            <select {...attributes} value={pair[side]?.key ?? ""} onChange={(event) => pick(side, event.target.value)}>
              {pair[side] === undefined && <option value="">–</option>}
              {speakers.map(({ key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      ))}
      <label className="inline">
        <input type="checkbox" checked={blind} onChange={(event) => setBlind(event.target.checked)} />
        <span>{say.blind}</span>
      </label>
    </div>
  );
}
