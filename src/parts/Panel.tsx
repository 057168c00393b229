/** One step of the way: a titled region with its errors. `lead` says what it is for. */
import type { ReactNode } from "react";
import type { Place } from "../page/store.ts";
import { words } from "../words/index.ts";
import { ErrorNote } from "./ErrorNote.tsx";

interface PanelProps {
  title: string;
  place: Place;
  lead?: string | undefined;
  done?: boolean;
  children: ReactNode;
}

export function Panel({ title, place, lead, done, children }: PanelProps) {
  const id = `panel-${place}`;
  return (
    <section className="panel" aria-labelledby={id} data-place={place} data-done={done || undefined}>
      <header>
        <h2 id={id}>{title}</h2>
        {/* Beside the heading, which is the region's name. */}
        {done && <span className="visually-hidden">{words().parts.done}</span>}
        {lead && <p className="lead">{lead}</p>}
      </header>
      {children}
      <ErrorNote place={place} />
    </section>
  );
}
