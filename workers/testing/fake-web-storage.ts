/** The browser's small storage (localStorage, sessionStorage), as far as the page uses it: a map that a test can look into. */
export const fakeWebStorage = (kept: Map<string, string>) => ({
  getItem: (key: string): string | null => kept.get(key) ?? null,
  setItem: (key: string, value: string): void => void kept.set(key, value),
  removeItem: (key: string): void => void kept.delete(key),
});
