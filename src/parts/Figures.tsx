/** Figures with their names, as large words. */

export interface Figure {
  name: string;
  words: string;
  /** In full precision, for tests and scripts. */
  value?: number;
}

export function Figures({ figures }: { figures: Figure[] }) {
  return (
    <dl className="figures">
      {figures.map(({ name, words, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-figure={value}>{words}</dd>
        </div>
      ))}
    </dl>
  );
}
