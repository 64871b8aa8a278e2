// Runs before the first paint, as a module would not: a page must not flash in the other theme.
try {
  const theme = localStorage.getItem("latchkey.theme");
  if (theme === "light" || theme === "dark") document.documentElement.style.colorScheme = theme;
} catch {
  // Without storage, the theme is the system's.
}
