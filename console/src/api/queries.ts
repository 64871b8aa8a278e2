import { type QueryClient, QueryClient as Client } from "@tanstack/react-query";
import { ConnectionError } from "./errors";

export type { QueryClient };

export const queryClient = new Client({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      networkMode: "always",
      retry: (count, error) => error instanceof ConnectionError && count < 2,
    },
    // Nothing is sent later than when it was asked for, and nothing twice.
    mutations: { networkMode: "always", retry: false },
  },
});
