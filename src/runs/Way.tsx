/** A card: one thing that can be done with a run, and what it is for. */
import type { ReactNode } from "react";

interface WayProps {
  title: string;
  /** What it is for, one sentence. */
  help: ReactNode;
  /** As wide as two, or as all: cards beside a tall one would be as tall. */
  width?: "two" | "all";
  children: ReactNode;
}

export function Way({ title, help, width, children }: WayProps) {
  return (
    <li className="way" data-width={width}>
      <h4>{title}</h4>
      <p className="detail">{help}</p>
      {children}
    </li>
  );
}
