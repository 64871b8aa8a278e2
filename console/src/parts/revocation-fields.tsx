import { Check, TextField } from "./fields";

export interface Revocation {
  readonly isFinishing: boolean;
  readonly reason: string;
}

export const newRevocation: Revocation = { isFinishing: false, reason: "" };

/** The argument `runs` of a revocation. */
export const runsOf = ({ isFinishing }: Revocation): "FINISH" | "CANCEL" => (isFinishing ? "FINISH" : "CANCEL");

interface RevocationFieldsProps {
  readonly keys: "the key" | "the keys";
  readonly revocation: Revocation;
  readonly onChange: (revocation: Revocation) => void;
}

/** Whether the runs of keys that are revoked go on, and why they are revoked. */
export function RevocationFields({ keys, revocation, onChange }: RevocationFieldsProps) {
  const [whose, says] =
    keys === "the key"
      ? ["its", "Only the key is refused; what it has started goes on."]
      : ["their", "Only the keys are refused; what they have started goes on."];
  return (
    <>
      <Check
        label={`Let ${whose} runs finish`}
        says={says}
        checked={revocation.isFinishing}
        onChange={({ target }) => onChange({ ...revocation, isFinishing: target.checked })}
      />
      <TextField
        label="Reason"
        optional
        maxLength={500}
        value={revocation.reason}
        onChange={({ target }) => onChange({ ...revocation, reason: target.value })}
      />
    </>
  );
}
