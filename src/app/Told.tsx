/** Problems that were told in this visit, to look at later: also those whose notes are gone. */
import { Copy } from "lucide-react";
import { type Told as Problem, useApp } from "../page/store.ts";
import { CopyButton } from "../parts/CopyButton.tsx";
import { Scroll } from "../parts/Scroll.tsx";
import { language, words } from "../words/index.ts";

const timeOf = ({ at }: Problem): string => new Intl.DateTimeFormat(language(), { timeStyle: "medium" }).format(at);

const textOf = (problem: Problem): string =>
  `${timeOf(problem)} ${words().tab.places[problem.place]}: ${[problem.message, problem.safe, problem.remedy].filter(Boolean).join(" ")} (${problem.code})`;

/** Nothing while all went well. */
export function Told() {
  const told = useApp((s) => s.told);
  const say = words().tab;
  if (told.length === 0) return null;
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
      <CopyButton
        kind="quiet"
        icon={Copy}
        text={() => told.map(textOf).join("\n")}
        copied={say.copied}
        refused={say.noCopy}
      >
        {say.copy}
      </CopyButton>
    </details>
  );
}
