/** Rows that cannot be trained on: where they are, why, and how they begin. */
import type { SkippedRow } from "../../workers/data/rows/row.ts";
import { download } from "../parts/download.ts";
import { Scroll } from "../parts/Scroll.tsx";

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** RFC 4180, so that a spreadsheet opens it. */
export function skippedCsv(rows: SkippedRow[]): string {
  const lines = rows.map((r) => [String(r.index), r.source, r.reason, r.message, r.excerpt].map(cell).join(","));
  return ["row,source,reason,message,excerpt", ...lines].join("\r\n");
}

export function SkippedRows({ rows }: { rows: SkippedRow[] }) {
  return (
    <div className="skipped">
      <Scroll label="Skipped rows and why">
        <table aria-label="Skipped rows">
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">Why</th>
              <th scope="col">Row</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 200).map((row) => (
              <tr key={`${row.index} ${row.source}`}>
                <td>{row.source}</td>
                <td>{row.message}</td>
                <td>
                  <code>{row.excerpt}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <button
        type="button"
        className="quiet"
        onClick={() => download(new Blob([skippedCsv(rows)], { type: "text/csv" }), "skipped-rows.csv")}
      >
        Download as CSV
      </button>
    </div>
  );
}
