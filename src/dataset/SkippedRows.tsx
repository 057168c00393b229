/** Rows that cannot be trained on: where they are, why, and how they begin. */
import type { SkippedRow } from "../../workers/data/rows/row.ts";
import { download } from "../parts/download.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { words } from "../words/index.ts";

/** Rows on show; the file has all. */
const SHOWN = 200;

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** RFC 4180, so that a spreadsheet opens it. */
export function skippedCsv(rows: SkippedRow[]): string {
  const lines = rows.map((r) => [String(r.index), r.source, r.reason, r.message, r.excerpt].map(cell).join(","));
  return ["row,source,reason,message,excerpt", ...lines].join("\r\n");
}

export function SkippedRows({ rows }: { rows: SkippedRow[] }) {
  const say = words().data.skipped;
  return (
    <div className="skipped">
      <Scroll label={say.box}>
        <table aria-label={say.table}>
          <thead>
            <tr>
              <th scope="col">{say.where}</th>
              <th scope="col">{say.why}</th>
              <th scope="col">{say.row}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN).map((row) => (
              <tr key={`${row.index} ${row.source}`}>
                <td dir="auto">{row.source}</td>
                <td dir="auto">{row.message}</td>
                <td>
                  <code dir="auto">{row.excerpt}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > SHOWN && <p className="detail">{say.cut(SHOWN, rows.length)}</p>}
      <button
        type="button"
        className="quiet"
        onClick={() => download(new Blob([skippedCsv(rows)], { type: "text/csv" }), "skipped-rows.csv")}
      >
        {say.download}
      </button>
    </div>
  );
}
