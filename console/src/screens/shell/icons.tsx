const paths = {
  find: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6l3.2 3.2",
  apps: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
  overview: "M2.5 13.5v-5M6.2 13.5v-8M9.8 13.5v-4M13.5 13.5v-11",
  scopes: "M8 1.8 13.5 4v4c0 3.2-2.3 5.3-5.5 6.3C4.8 13.3 2.5 11.2 2.5 8V4z",
  agents: "M3 5.5h10v7.5H3zM8 5.5V2.8M6 8.7v1.4M10 8.7v1.4",
  try: "M2.5 3h11v8H7.8L5 13.4V11H2.5z",
  sessions: "M2.5 4h11M2.5 8h11M2.5 12h7",
  connections: "M6.5 9.5l3-3M5 7.5 3.4 9.1a2.5 2.5 0 0 0 3.5 3.5L8.5 11M11 8.5l1.6-1.6a2.5 2.5 0 0 0-3.5-3.5L7.5 5",
  usage: "M2.5 12.5 6 8l3 2.5 4.5-6",
  settings: "M2.5 5h6M12 5h1.5M2.5 11H4M7.5 11h6M10.2 3.2v3.6M5.8 9.2v3.6",
  audit: "M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2",
  administrators: "M8 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM3.5 13.2c.4-2.4 2.1-3.7 4.5-3.7s4.1 1.3 4.5 3.7",
  explorer: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
};

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      aria-hidden="true"
      className="flex-none fill-none stroke-current stroke-[1.4]"
    >
      <path d={paths[name]} strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
