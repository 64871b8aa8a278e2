/**
 * The URL of the console, which ends with a slash. It is told by the place of this file, in `assets`, as a proxy may
 * serve the console below any path. Every address is made from it, as a relative one would be resolved against the
 * screen that is shown.
 */
export const consoleUrl: URL = import.meta.env.DEV
  ? new URL("/console/", location.href)
  : new URL(/* @vite-ignore */ "../", import.meta.url);

/** The URL of the API for clients with a key, which no cookie opens. */
export const apiUrl = new URL("../graphql", consoleUrl);
