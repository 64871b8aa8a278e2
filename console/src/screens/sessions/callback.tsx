import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { formatDuration } from "../../parts/format";
import { Verdict, type VerdictTone } from "../../parts/marks";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Time } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { RedeliverCallbackDocument, type RunDetailsQuery } from "./operations.generated";

const states: Readonly<Record<string, readonly [VerdictTone, string]>> = {
  WAITING: ["busy", "Waits for the run"],
  PENDING: ["busy", "Pending"],
  DELIVERED: ["allow", "Delivered"],
  FAILED: ["refuse", "Failed"],
  CANCELLED: ["off", "Cancelled"],
};

/** The callback of a run: what became of each attempt, and another one. */
export function Callback({ delivery }: { delivery: RunDetailsQuery["callbackDeliveries"]["nodes"][number] }) {
  const [tone, word] = states[delivery.status] ?? ["unknown", delivery.status];
  const again = useAction(async () => {
    await request(RedeliverCallbackDocument, { input: { id: delivery.id } });
    await queryClient.invalidateQueries({ queryKey: ["runs"] });
  });
  const isFinal = ["DELIVERED", "FAILED", "CANCELLED"].includes(delivery.status);
  return (
    <Card
      title="Callback"
      actions={
        isFinal && (
          <button
            type="button"
            className="btn btn-small"
            aria-disabled={again.isPending}
            onClick={() => void again.run()}
          >
            Deliver again
          </button>
        )
      }
    >
      <div className="flex flex-col gap-2 px-4 py-3">
        <Verdict tone={tone}>{word}</Verdict>
        {delivery.nextAttemptAt && (
          <p className="text-sm text-text-2">
            Next attempt <Time at={delivery.nextAttemptAt} />
          </p>
        )}
        <ol className="flex flex-col gap-1 text-sm">
          {delivery.attempts.map(({ at, durationMs, httpStatus, error }) => (
            <li key={at} className="flex justify-between gap-3">
              <Time at={at} />
              <span className="text-text-2">
                {[httpStatus, error, durationMs !== null && formatDuration(durationMs)].filter(Boolean).join(", ")}
              </span>
            </li>
          ))}
        </ol>
        <Problem error={again.error} />
      </div>
    </Card>
  );
}
