/** The check of what is kept: how far it is, what it found, and how each thing is mended. */
import type { StorageDamage } from "../../workers/protocol/engine.ts";
import { Action } from "../parts/Action.tsx";
import { grouped } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { useStorage } from "../stores/storage.ts";
import { words } from "../words/index.ts";
import { useObstacle } from "./obstacle.ts";

function Damaged({ damage }: { damage: StorageDamage[] }) {
  const obstacle = useObstacle();
  const mend = useStorage((s) => s.mend);
  const say = words().storage.check;
  const kinds = { ...words().storage.kinds, ...say.kinds };
  return (
    <table aria-label={say.table}>
      <thead>
        <tr>
          <th scope="col">{say.columns.what}</th>
          <th scope="col">{say.columns.follows}</th>
          <th scope="col">
            <span className="visually-hidden">{say.columns.mend}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {damage.map((one) => (
          <tr key={one.id}>
            <td>
              {kinds[one.kind]}: <strong dir="auto">{one.label}</strong> <span className="detail">{one.message}</span>
            </td>
            <td>{one.follows}</td>
            <td>
              <Action
                kind="quiet"
                label={(one.whole ? say.removeLabel : say.mendLabel)(one.label, one.message)}
                reason={obstacle(one.kind, one.whole)}
                onPress={() => {
                  if (!one.whole || confirm(say.sure(one.label, one.follows))) void mend(one);
                }}
              >
                {one.whole ? say.remove : say.mend}
              </Action>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function StorageCheck() {
  const checking = useStorage((s) => s.checking);
  const checked = useStorage((s) => s.checked);
  const check = useStorage((s) => s.check);
  const say = words().storage.check;
  if (checking) {
    const { done, of } = checking;
    const detail = of > 0 ? { fraction: done / of, detail: say.progress(grouped(done), grouped(of)) } : {};
    return <Progress label={say.going} {...detail} />;
  }
  return (
    <div className="stored">
      <div className="row">
        <p className="detail grow">{say.why}</p>
        <Action onPress={() => void check()}>{checked ? say.again : say.press}</Action>
      </div>
      {checked && (
        <p role="status">
          {checked.damage.length === 0
            ? say.sound(grouped(checked.checked))
            : say.found(grouped(checked.checked), grouped(checked.damage.length))}
        </p>
      )}
      {checked && checked.damage.length > 0 && <Damaged damage={checked.damage} />}
    </div>
  );
}
