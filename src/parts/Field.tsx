/** A control under its label. What it means and what is wrong with it stand below, and are its description. */
import { type ReactNode, useId } from "react";

interface FieldProps {
  /** The control's name. */
  label: string;
  /** What it means, in a few words. */
  hint?: string | undefined;
  /** What its value must be and is not, one sentence. */
  problem?: string | undefined;
  /** The control, which takes these attributes. */
  children(attributes: { id: string; "aria-describedby": string | undefined }): ReactNode;
}

export function Field({ label, hint, problem, children }: FieldProps) {
  const id = useId();
  const described = [problem && `${id}problem`, hint && `${id}hint`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined })}
      {problem && (
        <span id={`${id}problem`} role="alert" className="problem">
          {problem}
        </span>
      )}
      {hint && (
        <span id={`${id}hint`} className="hint">
          {hint}
        </span>
      )}
    </div>
  );
}
