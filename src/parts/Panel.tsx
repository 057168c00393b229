/** One step of the way: a titled region. `hint` says what is missing before it can be used. */
import type { ReactNode } from "react";
import type { Place } from "../app/store.ts";
import { ErrorNote } from "./ErrorNote.tsx";

interface PanelProps {
  title: string;
  place: Place;
  lead?: string;
  done?: boolean;
  children: ReactNode;
}

export function Panel({ title, place, lead, done, children }: PanelProps) {
  const id = `panel-${place}`;
  return (
    <section className="panel" aria-labelledby={id} data-done={done || undefined}>
      <header>
        <h2 id={id}>{title}</h2>
        {lead && <p className="lead">{lead}</p>}
      </header>
      {children}
      <ErrorNote place={place} />
    </section>
  );
}
