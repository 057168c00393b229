/** How often each field of the JSON answers was right. */
import type { FieldTally } from "../../workers/metrics/json-fields.ts";
import { percent } from "../parts/format.ts";
import { words } from "../words/index.ts";
import { FoldedTable } from "./FoldedTable.tsx";

export function FieldTable({ fields }: { fields: readonly FieldTally[] }) {
  const say = words().apply.fields;
  const numbers = [say.share, say.right, say.wrong, say.missing, say.extra];
  return (
    <FoldedTable title={say.title} name={say.table} first={say.field} numbers={numbers}>
      {fields.map(({ field, right, wrong, missing, extra }) => {
        const known = right + wrong + missing;
        return (
          <tr key={field}>
            <th scope="row">
              <bdi>{field || say.whole}</bdi>
            </th>
            <td className="number">{known === 0 ? "–" : percent(right / known)}</td>
            <td className="number">{right}</td>
            <td className="number">{wrong}</td>
            <td className="number">{missing}</td>
            <td className="number">{extra}</td>
          </tr>
        );
      })}
    </FoldedTable>
  );
}
