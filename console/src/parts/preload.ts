/** Loads code before it is needed. A failure is told once the code is needed, and by the bar about a newer version. */
export const preload = (load: () => Promise<unknown>) => (): void => {
  load().catch(() => undefined);
};
