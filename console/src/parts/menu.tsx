import { lazy, type ReactNode, Suspense, useSyncExternalStore } from "react";
import { preload } from "./preload";

export interface MenuAction {
  readonly name: string;
  readonly run: () => void;
  readonly isDangerous?: boolean;
}

export interface OpenMenu {
  readonly anchor: HTMLElement;
  readonly actions: readonly MenuAction[];
  readonly isByKey: boolean;
}

const loadHost = () => import("./menu-popup");
const MenuPopup = lazy(loadHost);

let open: OpenMenu | null = null;
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const set = (next: OpenMenu | null): void => {
  open = next;
  for (const listener of listeners) listener();
};

/** The one menu of the page, which every row's button opens. Its code comes when a button is pointed at. */
export function MenuHost() {
  const menu = useSyncExternalStore(subscribe, () => open);
  return (
    menu && (
      <Suspense>
        <MenuPopup menu={menu} onClose={() => set(null)} />
      </Suspense>
    )
  );
}

interface MenuButtonProps {
  readonly label: string;
  readonly actions: () => readonly MenuAction[];
  readonly className?: string;
  /** Whether what the button shows is its name; `label` then names the menu alone. */
  readonly isNamedByContent?: boolean;
  readonly children?: ReactNode;
}

export function MenuButton(props: MenuButtonProps) {
  const { label, actions, className = "btn btn-small", isNamedByContent, children } = props;
  const menu = useSyncExternalStore(subscribe, () => open);
  const openFrom = (anchor: HTMLElement, isByKey: boolean) => set({ anchor, actions: actions(), isByKey });
  return (
    <button
      type="button"
      className={className}
      aria-haspopup="menu"
      aria-expanded={menu !== null && menu.anchor.dataset["menu"] === label}
      aria-label={isNamedByContent ? undefined : label}
      data-menu={label}
      onPointerEnter={preload(loadHost)}
      onFocus={preload(loadHost)}
      onClick={({ currentTarget, detail }) => openFrom(currentTarget, detail === 0)}
      onKeyDown={(event) => {
        if (event.key !== "ArrowDown") return;
        event.preventDefault();
        openFrom(event.currentTarget, true);
      }}
    >
      {children ?? "Options"}
    </button>
  );
}
