import { useSyncExternalStore } from "react";

/** A choice that this browser keeps. Nothing secret is ever among them. */
function preference<Value extends string>(key: string, values: readonly [Value, ...Value[]]) {
  const listeners = new Set<() => void>();
  let chosen: Value | undefined;
  const get = (): Value => {
    if (chosen !== undefined) return chosen;
    let stored: string | null = null;
    try {
      stored = localStorage.getItem(key);
    } catch {
      // Storage may be switched off; the choice then lasts as long as the page.
    }
    chosen = values.find((value) => value === stored) ?? values[0];
    return chosen;
  };
  const set = (value: Value): void => {
    chosen = value;
    try {
      localStorage.setItem(key, value);
    } catch {
      // As above.
    }
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { get, set, use: (): Value => useSyncExternalStore(subscribe, get) };
}

export const themes = ["system", "light", "dark"] as const;
export const themePreference = preference("latchkey.theme", themes);

/** Shows the chosen theme: all tokens are `light-dark()`, so the colour scheme decides. */
export function applyTheme(theme: (typeof themes)[number]): void {
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
}

export const timeStyles = ["relative", "local", "utc"] as const;
export const timePreference = preference("latchkey.times", timeStyles);
