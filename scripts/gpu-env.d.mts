export const chromeFlags: string[];
export function softwareDriver(): string;
export function gpuEnv(options?: { software?: boolean }): NodeJS.ProcessEnv;
export function chromePath(): string;
export function chromeLaunch(): {
  executablePath: string;
  args: string[];
  headless: true;
  locale: string;
  serviceWorkers: "block";
};
