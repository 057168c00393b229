/** The loss of a run so far as a small line. */

/** More points than pixels show nothing more. */
const POINTS = 200;

/** The loss so far as a line of 120 x 28. */
export function Sparkline({ losses: all }: { losses: number[] }) {
  if (all.length < 2) return null;
  const every = Math.ceil(all.length / POINTS);
  const losses = all.filter((_, i) => (all.length - 1 - i) % every === 0);
  const top = Math.max(...losses);
  const range = top - Math.min(...losses) || 1;
  const points = losses
    .map((loss, i) => `${(i / (losses.length - 1)) * 120},${2 + ((top - loss) / range) * 24}`)
    .join(" ");
  return (
    <svg className="sparkline" viewBox="0 0 120 28" aria-hidden="true">
      <polyline points={points} />
    </svg>
  );
}
