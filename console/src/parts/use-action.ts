import { useRef, useState } from "react";

/**
 * Runs something that changes the server's state, at most once at a time: a second click while it is under way does
 * nothing, as the guard is set before anything is sent.
 */
export function useAction<Arguments extends readonly unknown[]>(action: (...given: Arguments) => Promise<void>) {
  const isUnderWay = useRef(false);
  const [isPending, setIsPending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (...given: Arguments): Promise<void> => {
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    setIsPending(true);
    setError(null);
    try {
      await action(...given);
    } catch (failure) {
      setError(failure);
    } finally {
      isUnderWay.current = false;
      setIsPending(false);
    }
  };
  return { run, isPending, error, clearError: () => setError(null) };
}
