/** A picture with the boxes of answers on it: drawn where somebody wants them, and always in words for who does not see them. */
import type { ReactNode } from "react";
import { placedBoxes, type Shown } from "../../workers/data/boxes/placed.ts";
import { useBoxes } from "../page/boxes.ts";
import { words } from "../words/index.ts";
import "./boxes.css";
import { percent } from "./format.ts";

/** An answer, and whether it is the right or the given one. */
export interface BoxLayer {
  kind: "right" | "given";
  text: string;
}

interface BoxedPictureProps {
  /** What of the picture is on show; undefined where boxes cannot be placed on it. */
  shown: Shown | undefined;
  layers: readonly BoxLayer[];
  children: ReactNode;
}

export function BoxedPicture({ shown, layers, children }: BoxedPictureProps) {
  const { drawn, unit } = useBoxes();
  const placed = shown
    ? layers.flatMap(({ kind, text }) => placedBoxes(text, unit, shown).map((box) => ({ ...box, kind })))
    : [];
  if (placed.length === 0) return children;
  const say = words().parts.boxes;
  const side = (share: number): string => `${100 * share}%`;
  return (
    <div className="boxed">
      {children}
      {drawn &&
        placed.map(({ kind, label, left, top, right, bottom }, i) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no identity but their place
            key={i}
            className={`box ${kind}`}
            aria-hidden="true"
            style={{ left: side(left), top: side(top), width: side(right - left), height: side(bottom - top) }}
          >
            {label !== undefined && <bdi>{label}</bdi>}
          </span>
        ))}
      <ul className="visually-hidden" aria-label={say.list}>
        {placed.map(({ kind, label, left, top, right, bottom }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no identity but their place
          <li key={i}>
            {say.box(
              say.kinds[kind],
              label ?? say.nameless,
              percent(left),
              percent(right),
              percent(top),
              percent(bottom),
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whether boxes are drawn; there only where its panel has some (boxes.css). `both`: right and given ones are told apart. */
export function BoxToggle({ both = false }: { both?: boolean }) {
  const drawn = useBoxes((s) => s.drawn);
  const say = words().parts.boxes;
  return (
    <label className="inline box-toggle">
      <input type="checkbox" checked={drawn} onChange={({ target }) => useBoxes.setState({ drawn: target.checked })} />
      <span>
        {say.toggle}
        {both && (
          <>
            {" "}
            <span className="box-sign right">{say.kinds.right}</span>{" "}
            <span className="box-sign given">{say.kinds.given}</span>
          </>
        )}
      </span>
    </label>
  );
}
