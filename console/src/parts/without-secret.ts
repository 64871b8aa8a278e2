const secretForm = /(latchkey(?:adm)?_[0-9A-Za-z]{4})[0-9A-Za-z]{12,}([0-9A-Za-z]{4})/g;

/**
 * The text of a search. A secret that was pasted is never sent as text and never comes into an address: the key is found
 * by its hint, which is the start and the end of the secret.
 */
export function withoutSecret(text: string): string {
  const safe = text.replaceAll(secretForm, "$1…$2");
  return safe === text ? text : safe.trim();
}
