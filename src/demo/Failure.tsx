/** What went wrong, and what to do about it. */
import type { ReactNode } from "react";
import type { ErrorReport } from "../../workers/errors.ts";

/** `children`: a button that does it. */
export function Failure({ error, children }: { error: ErrorReport; children?: ReactNode }) {
  return (
    <div role="alert" className="error">
      <p>
        <strong>{error.message}</strong>
      </p>
      <p>{error.remedy}</p>
      {children}
    </div>
  );
}
