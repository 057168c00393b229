/** A card: one thing that can be done with a run, and what it is for. */
import type { ReactNode } from "react";

interface WayProps {
  title: string;
  /** What it is for, one sentence. */
  help: ReactNode;
  /** As wide as two. */
  wide?: boolean;
  children: ReactNode;
}

export function Way({ title, help, wide, children }: WayProps) {
  return (
    <li className={wide ? "way wide" : "way"}>
      <h4>{title}</h4>
      <p className="detail">{help}</p>
      {children}
    </li>
  );
}
