/** Numbers as people read them. */
export function bytes(n: number): string {
  if (n < 1e3) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`;
  return `${(n / 1e9).toFixed(2)} GB`;
}

export function count(n: number): string {
  return n < 10_000
    ? String(n)
    : n < 1e6
      ? `${(n / 1e3).toFixed(0)} k`
      : n < 1e9
        ? `${(n / 1e6).toFixed(1)} M`
        : `${(n / 1e9).toFixed(2)} B`;
}

/** Floating-point operations, with the prefixes that GPUs are measured in. */
export function flops(n: number): string {
  return n < 1e9
    ? `${(n / 1e6).toFixed(0)} MFLOP`
    : n < 1e12
      ? `${(n / 1e9).toFixed(1)} GFLOP`
      : `${(n / 1e12).toFixed(1)} TFLOP`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** Three significant digits, and never a silent zero for what is no number. */
export function figure(n: number): string {
  if (!Number.isFinite(n)) return String(n);
  return Math.abs(n) >= 1e-3 || n === 0 ? n.toPrecision(4) : n.toExponential(2);
}
