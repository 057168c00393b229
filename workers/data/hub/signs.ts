/** Signs of life while somebody waits for the network: silence is taken for a reader that hangs. */

const SIGN_MS = 1000;

/** Does `work`, and calls `sign` each second until it has ended. */
export async function withSigns<T>(sign: () => void, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(sign, SIGN_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
