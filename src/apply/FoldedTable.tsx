/** A table of counts that is there for who opens it. */
import type { ReactNode } from "react";
import { Scroll } from "../parts/Scroll.tsx";

interface FoldedTableProps {
  title: string;
  /** The table's accessible name. */
  name: string;
  /** Of the first column, whose cells name their rows. */
  first: string;
  /** Of the columns with numbers; each is another one. */
  numbers: readonly string[];
  /** Its rows. */
  children: ReactNode;
}

export function FoldedTable({ title, name, first, numbers, children }: FoldedTableProps) {
  return (
    <details>
      <summary>{title}</summary>
      <Scroll label={title} short>
        <table aria-label={name}>
          <thead>
            <tr>
              <th scope="col">{first}</th>
              {numbers.map((column) => (
                <th key={column} scope="col" className="number">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </Scroll>
    </details>
  );
}
