import { useSyncExternalStore } from "react";

interface Notice {
  readonly id: number;
  readonly text: string;
}

const shownMs = 6_000;
let notices: readonly Notice[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** Says that something was done: shown for some seconds, and read out. Failures are shown where they happened. */
export function notify(text: string): void {
  const id = nextId++;
  set([...notices.slice(-2), { id, text }]);
  setTimeout(() => set(notices.filter((notice) => notice.id !== id)), shownMs);
}

export function NoticeHost() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
  return (
    <div role="status" className="fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100vw-32px)] flex-col gap-2">
      {shown.map(({ id, text }) => (
        <div key={id} className="rounded border border-line bg-raised px-3 py-2 shadow-popup">
          {text}
        </div>
      ))}
    </div>
  );
}
