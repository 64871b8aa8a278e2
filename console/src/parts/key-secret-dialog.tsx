import { apiUrl } from "../api/place";
import { SecretDialog } from "./secret-dialog";
import { SecretSnippets } from "./secret-snippets";
import { TryKey } from "./try-key";

interface KeySecretDialogProps {
  readonly title: string;
  readonly secret: string;
  readonly note?: string | undefined;
  readonly onClose: () => void;
}

/** Shows the secret of an API key once, with a first call to paste and a button that tries it. */
export function KeySecretDialog({ title, secret, note, onClose }: KeySecretDialogProps) {
  const text = `LATCHKEY_URL=${apiUrl.href}\nLATCHKEY_API_KEY=${secret}\n`;
  return (
    <SecretDialog title={title} secret={secret} note={note} file={{ name: "latchkey.env", text }} onClose={onClose}>
      <SecretSnippets secret={secret} />
      <TryKey secret={secret} />
    </SecretDialog>
  );
}
