import { useId, useState } from "react";
import { request } from "../../api/client";
import { Check } from "../../parts/fields";
import { KeySecretDialog } from "../../parts/key-secret-dialog";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import type { KeyDetails } from "./key";
import { RotateKeyDocument, type RotateKeyMutation } from "./operations.generated";

const hour = 3_600;
const overlaps = [
  { name: "none", seconds: 0 },
  { name: "1 hour", seconds: hour },
  { name: "24 hours", seconds: 24 * hour },
  { name: "7 days", seconds: 7 * 24 * hour },
  { name: "30 days", seconds: 30 * 24 * hour },
] as const;

/** Makes the successor of a key; both are valid until the overlap is over. */
export default function RotateKey({ apiKey, onClose }: { apiKey: KeyDetails; onClose: () => void }) {
  const id = useId();
  const [position, setPosition] = useState(2);
  const [endOldOnFirstUse, setEndOldOnFirstUse] = useState(false);
  const [made, setMade] = useState<RotateKeyMutation["rotateApiKey"] | null>(null);
  const overlap = overlaps[position] ?? overlaps[0];
  const { run, isPending, error } = useAction(async () => {
    const input = { id: apiKey.id, overlapSeconds: overlap.seconds, endOldOnFirstUse };
    setMade((await request(RotateKeyDocument, { input })).rotateApiKey);
  });
  const note =
    overlap.seconds === 0
      ? "Store it now. It is shown this once. The old key is refused from now on."
      : `Store it now. It is shown this once. The old key stays valid for ${overlap.name}.`;
  if (made)
    return (
      <KeySecretDialog title={`The new key “${made.apiKey.name}”`} secret={made.secret} note={note} onClose={onClose} />
    );
  return (
    <FormDialog
      title={`Rotate “${apiKey.name}”`}
      lead="A new key with the same scope, name, limits and tags takes its place."
      onClose={onClose}
      isHeld
      onSubmit={run}
      action="Rotate"
      pendingAction="Rotating…"
      isPending={isPending}
      error={error}
    >
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          Overlap: <output htmlFor={id}>{overlap.name}</output>
        </label>
        <input
          id={id}
          type="range"
          min={0}
          max={overlaps.length - 1}
          step={1}
          value={position}
          aria-valuetext={overlap.name}
          className="slider mt-2 w-full"
          onChange={({ target }) => setPosition(Number(target.value))}
        />
        <div className="flex justify-between text-xs text-text-3" aria-hidden="true">
          {overlaps.map(({ name }) => (
            <span key={name}>{name}</span>
          ))}
        </div>
        <p className="mt-2 text-sm text-text-2">
          {overlap.seconds === 0
            ? "The old key is refused as soon as the new one is made."
            : `Both keys are valid for ${overlap.name}; then the old one is refused, and its runs finish.`}
        </p>
      </div>
      {overlap.seconds > 0 && (
        <Check
          label="End the old key when the new one is first used"
          checked={endOldOnFirstUse}
          onChange={({ target }) => setEndOldOnFirstUse(target.checked)}
        />
      )}
    </FormDialog>
  );
}
