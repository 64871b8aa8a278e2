import { useEffect, useRef } from "react";

const gap = 6;

/**
 * One tooltip for all elements with `data-tip`, shown under the pointer and on focus. It is in the top layer, so that no
 * table cuts it off.
 */
export function TooltipHost() {
  const tip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = tip.current;
    if (!element) return;
    let owner: Element | null = null;
    const hide = () => {
      owner?.removeAttribute("aria-describedby");
      owner = null;
      if (element.matches(":popover-open")) element.hidePopover();
    };
    const show = (target: EventTarget | null) => {
      const next = target instanceof Element ? target.closest("[data-tip]") : null;
      if (next === owner) return;
      hide();
      const text = next?.getAttribute("data-tip");
      if (!next || !text) return;
      owner = next;
      element.textContent = text;
      element.showPopover();
      const box = next.getBoundingClientRect();
      const own = element.getBoundingClientRect();
      const above = box.top - own.height - gap;
      const left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), innerWidth - own.width - 8);
      element.style.left = `${String(left)}px`;
      element.style.top = `${String(above > 8 ? above : box.bottom + gap)}px`;
      next.setAttribute("aria-describedby", element.id);
    };
    const listening = new AbortController();
    const options = { signal: listening.signal, passive: true };
    document.addEventListener("pointerover", ({ target }) => show(target), options);
    document.addEventListener("focusin", ({ target }) => show(target), options);
    document.addEventListener("focusout", hide, options);
    document.addEventListener("scroll", hide, { ...options, capture: true });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && hide(), options);
    return () => listening.abort();
  }, []);
  return <div ref={tip} id="tooltip" role="tooltip" popover="manual" className="tip" />;
}
