/** Advice with the buttons that do it. */
import { Action } from "./Action.tsx";

export interface AdviceItem {
  /** The same as long as it is the same advice. */
  about: string;
  words: string;
  buttons: { label: string /** Why not now; "" when it can be pressed. */; reason?: string; onPress(): void }[];
}

/** Nothing where there is none. */
export function AdviceList({ label, items }: { label: string; items: AdviceItem[] }) {
  if (items.length === 0) return null;
  return (
    <ul className="note advice" aria-label={label}>
      {items.map(({ about, words, buttons }) => (
        <li key={about}>
          <p>{words}</p>
          {buttons.map((button) => (
            <Action key={button.label} reason={button.reason ?? ""} onPress={button.onPress}>
              {button.label}
            </Action>
          ))}
        </li>
      ))}
    </ul>
  );
}
