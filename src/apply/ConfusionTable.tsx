/** Which right answer was taken for which. */
import type { Confusions } from "../../workers/metrics/classes.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { words } from "../words/index.ts";

export function ConfusionTable({ confusions: { classes, counts } }: { confusions: Confusions }) {
  const say = words().apply.confusions;
  const given = [...classes, say.other];
  return (
    <details>
      <summary>{say.title}</summary>
      <Scroll label={say.title} short>
        <table aria-label={say.table}>
          <thead>
            <tr>
              <th scope="col">{say.right}</th>
              {given.map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {classes.map((name, i) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {given.map((other, j) => {
                  const count = counts[i]![j]!;
                  return (
                    <td key={other} className="number">
                      {i === j ? <strong>{count}</strong> : count === 0 ? "" : <mark>{count}</mark>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
