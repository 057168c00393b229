/** Problems that were told in this visit, to look at later: also those whose notes are gone. */
import { Copy } from "lucide-react";
import { useState } from "react";
import { type Told as Problem, useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { language, words } from "../words/index.ts";

const timeOf = ({ at }: Problem): string => new Intl.DateTimeFormat(language(), { timeStyle: "medium" }).format(at);

const textOf = (problem: Problem): string =>
  `${timeOf(problem)} ${words().tab.places[problem.place]}: ${[problem.message, problem.safe, problem.remedy].filter(Boolean).join(" ")} (${problem.code})`;

/** Nothing while all went well. */
export function Told() {
  const told = useApp((s) => s.told);
  const [copied, setCopied] = useState("");
  const say = words().tab;
  if (told.length === 0) return null;
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(told.map(textOf).join("\n"));
      setCopied(say.copied);
    } catch (error) {
      // Refused, or the page is not in front.
      if (!(error instanceof DOMException)) throw error;
      setCopied(say.noCopy);
    }
  };
  return (
    <details className="told">
      <summary>{say.told(told.length)}</summary>
      <Scroll label={say.told(told.length)} short>
        <ul>
          {told.map((problem) => (
            <li key={problem.n}>{textOf(problem)}</li>
          ))}
        </ul>
      </Scroll>
      <Action kind="quiet" icon={Copy} onPress={() => void copy()}>
        {say.copy}
      </Action>
      <span className="detail" aria-live="polite">
        {copied}
      </span>
    </details>
  );
}
