/** A labelled bar with its words beside it. `fraction` undefined: busy without a known end. */
export function Progress({ label, fraction, detail }: { label: string; fraction?: number; detail?: string }) {
  return (
    <div className="progress">
      <div className="progress-words">
        <span>{label}</span>
        {fraction !== undefined && <span>{Math.round(fraction * 100)} %</span>}
      </div>
      <progress aria-label={label} max={1} {...(fraction === undefined ? {} : { value: fraction })} />
      {detail && <p className="detail">{detail}</p>}
    </div>
  );
}
