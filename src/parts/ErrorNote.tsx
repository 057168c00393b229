/** What happened, what is safe, one thing to do; in another language than English, first what kind of trouble it is. */
import { type Place, useApp } from "../page/store.ts";
import { words } from "../words/index.ts";

export function ErrorNote({ place }: { place: Place }) {
  const error = useApp((s) => s.errors[place]);
  const clear = useApp((s) => s.clear);
  if (!error) return null;
  const say = words().parts;
  const kind = error.ofWorker && words().workers.kind(error.code);
  const spoken = error.ofWorker ? "en" : undefined;
  return (
    <div className="error-note" role="alert">
      {kind && <p>{kind}</p>}
      <p lang={spoken}>
        <strong>{error.message}</strong>
      </p>
      {/* What the page adds to it is in its own language; a voice that reads the one reads the other. */}
      {error.safe && <p>{error.safe}</p>}
      <p lang={spoken}>{error.remedy}</p>
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
