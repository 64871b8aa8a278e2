import { apiUrl } from "./place";

/** Resolves a path that the API answered, such as `/documents/...`, against the server's own address. */
export const serverUrl = (path: string): URL => new URL(`.${path}`, apiUrl);
