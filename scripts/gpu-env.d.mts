export const chromeFlags: string[];
export function softwareDriver(): string;
export function gpuEnv(options?: { software?: boolean }): NodeJS.ProcessEnv;
export function chromePath(): string;
