import { CSPProvider } from "@base-ui/react/csp-provider";
import { Menu } from "@base-ui/react/menu";
import { useEffect, useRef } from "react";
import type { OpenMenu } from "./menu";

export default function MenuPopup({ menu, onClose }: { menu: OpenMenu; onClose: () => void }) {
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // A menu without a trigger of its own does not mark its first item.
    if (!menu.isByKey) return;
    const frame = requestAnimationFrame(() => first.current?.focus());
    return () => cancelAnimationFrame(frame);
  }, [menu]);
  return (
    <CSPProvider disableStyleElements>
      <Menu.Root
        open
        onOpenChange={(isOpen, { reason }) => {
          if (isOpen) return;
          if (reason !== "item-press") menu.anchor.focus();
          onClose();
        }}
      >
        <Menu.Portal container={document.querySelector("main")}>
          <Menu.Positioner anchor={menu.anchor} side="bottom" align="end" sideOffset={4} className="z-30">
            <Menu.Popup className="menu" finalFocus={false} aria-label={menu.anchor.dataset["menu"]}>
              {menu.actions.map(({ name, run, isDangerous }, index) => (
                <Menu.Item
                  key={name}
                  ref={index === 0 ? first : undefined}
                  className="menu-item"
                  {...(isDangerous ? { "data-danger": "" } : {})}
                  onClick={() => {
                    menu.anchor.focus();
                    onClose();
                    run();
                  }}
                >
                  {name}
                </Menu.Item>
              ))}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </CSPProvider>
  );
}
