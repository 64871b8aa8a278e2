import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface PlotSeries {
  readonly name: string;
  /** A colour of the tokens, such as `allow`. */
  readonly tone: "allow" | "refuse" | "unknown" | "accent";
  readonly values: readonly number[];
}

const hour = 3_600;
const day = 24 * hour;

/** How far apart the marks of the time axis may be, and how they are written. */
const timeAxes = {
  hour: {
    incrs: [hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour],
    format: new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  },
  day: {
    incrs: [day, 2 * day, 7 * day],
    // The server counts days in UTC.
    format: new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" }),
  },
};

interface PlotProps {
  readonly label: string;
  /** In seconds since 1970. */
  readonly times: readonly number[];
  readonly unit: "hour" | "day";
  readonly series: readonly PlotSeries[];
  readonly height?: number;
}

const font = "12px sans-serif";

/** Resolves a custom property to a colour that a canvas can draw with. */
function colourOf(host: HTMLElement, name: string): string {
  host.style.color = `var(--color-${name})`;
  const { color } = getComputedStyle(host);
  host.style.color = "";
  return color;
}

/** A plot over time. It says nothing to people who can't see it: put the numbers into a table beside it. */
export default function Plot({ label, times, unit, series, height = 160 }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      const [line, text] = [colourOf(element, "line"), colourOf(element, "text-3")];
      const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
      plot = new uPlot(
        {
          width: element.clientWidth,
          height,
          legend: { show: false },
          cursor: { points: { show: false }, y: false },
          scales: { y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
          axes: [
            {
              ...axis,
              incrs: timeAxes[unit].incrs,
              space: 64,
              values: (_, splits) => splits.map((at) => timeAxes[unit].format.format(new Date(at * 1_000))),
            },
            { ...axis, size: 44 },
          ],
          series: [
            {},
            ...series.map(({ name, tone }) => {
              const stroke = colourOf(element, tone);
              return { label: name, stroke, width: 1.5, points: { show: false } };
            }),
          ],
        },
        [[...times], ...series.map(({ values }) => [...values])],
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["style"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [times, unit, series, height]);
  return <div ref={host} role="img" aria-label={label} className="w-full" style={{ minHeight: height }} />;
}
