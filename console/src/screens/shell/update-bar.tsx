import { useEffect, useState } from "react";

/**
 * Offers to load the page again once a part of the console is no longer on the server, as a newer version was put in
 * place. Never by itself: something typed or a secret may be on the screen.
 */
export function UpdateBar() {
  const [isStale, setIsStale] = useState(false);
  useEffect(() => {
    const note = () => setIsStale(true);
    addEventListener("vite:preloadError", note);
    return () => removeEventListener("vite:preloadError", note);
  }, []);
  return (
    <div role="status">
      {isStale && (
        <div className="bar">
          There is a newer version of the console.
          <button type="button" className="link font-medium" onClick={() => location.reload()}>
            Load it
          </button>
        </div>
      )}
    </div>
  );
}
