/** Which right answer was taken for which. */
import type { Confusions } from "../../workers/metrics/classes.ts";
import { Scroll } from "../parts/Scroll.tsx";

export function ConfusionTable({ confusions: { classes, counts } }: { confusions: Confusions }) {
  const given = [...classes, "none of them"];
  return (
    <details>
      <summary>Which answer was given for which</summary>
      <Scroll label="Which answer was given for which" short>
        <table aria-label="Confusions">
          <thead>
            <tr>
              <th scope="col">Right answer</th>
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
