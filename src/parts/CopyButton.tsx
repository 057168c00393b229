/** A button that copies a text, and says what came of it. */
import type { LucideIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Action } from "./Action.tsx";

interface CopyButtonProps {
  children: ReactNode;
  text(): string;
  /** What is said when it is done. */
  copied: string;
  /** What is said where the browser does not let the page write to the clipboard: how to copy it by hand, or the text itself. */
  refused: string;
  kind?: "quiet";
  icon?: LucideIcon;
  label?: string;
  reason?: string;
}

export function CopyButton({ children, text, copied, refused, ...action }: CopyButtonProps) {
  const [told, setTold] = useState("");
  const copy = (): Promise<void> =>
    navigator.clipboard.writeText(text()).then(
      () => setTold(copied),
      () => setTold(refused),
    );
  return (
    <>
      <Action {...action} onPress={() => void copy()}>
        {children}
      </Action>
      <span aria-live="polite" className="detail">
        {told}
      </span>
    </>
  );
}
