/** What happened, what is safe, one thing to do. */
import { type Place, useApp } from "../page/store.ts";
import { words } from "../words/index.ts";

export function ErrorNote({ place }: { place: Place }) {
  const error = useApp((s) => s.errors[place]);
  const clear = useApp((s) => s.clear);
  if (!error) return null;
  const say = words().parts;
  return (
    <div className="error-note" role="alert">
      <p>
        <strong>{error.message}</strong>
      </p>
      {error.safe && <p>{error.safe}</p>}
      <p>{error.remedy}</p>
      <footer>
        {/* For who reports it. */}
        <details>
          <summary>{say.nameForReports}</summary>
          <code>{error.code}</code>
        </details>
        <button type="button" className="quiet" onClick={() => clear(place)}>
          {say.dismiss}
        </button>
      </footer>
    </div>
  );
}
