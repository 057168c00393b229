/** Which right answer was taken for which. */
import type { Confusions } from "../../workers/metrics/classes.ts";
import { words } from "../words/index.ts";
import { FoldedTable } from "./FoldedTable.tsx";

export function ConfusionTable({ confusions: { classes, counts } }: { confusions: Confusions }) {
  const say = words().apply.confusions;
  const given = [...classes, say.other];
  return (
    <FoldedTable title={say.title} name={say.table} first={say.right} numbers={given}>
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
    </FoldedTable>
  );
}
