/** How often each field of the JSON answers was right. */
import type { FieldTally } from "../../workers/metrics/json-fields.ts";
import { percent } from "../parts/format.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { words } from "../words/index.ts";

export function FieldTable({ fields }: { fields: readonly FieldTally[] }) {
  const say = words().apply.fields;
  return (
    <details>
      <summary>{say.title}</summary>
      <Scroll label={say.title} short>
        <table aria-label={say.table}>
          <thead>
            <tr>
              <th scope="col">{say.field}</th>
              {([say.share, say.right, say.wrong, say.missing, say.extra] as const).map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
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
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
