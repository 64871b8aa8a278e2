import { randomUUID } from "node:crypto";
import { type Caller, identityOf } from "../../auth/caller";
import { ApiError, conflict, notFound } from "../../errors";
import type { SharedStream } from "./shared-stream";

/** A reservation expires if its stream is not opened within this time. */
const claimTimeoutMs = 15_000;
/** Reservations of one caller, and of all, whose streams are not open yet. */
const maxUnclaimedOfCaller = 20;
const maxUnclaimed = 2_000;

interface Reservation {
  readonly owner: string;
  readonly expiry: NodeJS.Timeout;
  stream?: SharedStream;
}

/** The streams of events that several operations share, by their tokens, each for the caller that has reserved it. */
export class StreamReservations {
  private readonly byToken = new Map<string, Reservation>();
  private readonly unclaimedOf = new Map<string, number>();
  private unclaimed = 0;

  /** @returns the token of a stream that is to be opened soon. @throws LIMIT_REACHED */
  reserve(caller: Caller): string {
    const owner = identityOf(caller);
    const ofCaller = this.unclaimedOf.get(owner) ?? 0;
    if (ofCaller >= maxUnclaimedOfCaller || this.unclaimed >= maxUnclaimed)
      throw new ApiError("LIMIT_REACHED", "Too many streams are reserved and not opened. Open them, or wait.", {
        extensions: { retryAfterMs: claimTimeoutMs },
      });
    const token = randomUUID();
    const expiry = setTimeout(() => this.remove(token), claimTimeoutMs).unref();
    this.byToken.set(token, { owner, expiry });
    this.unclaimedOf.set(owner, ofCaller + 1);
    this.unclaimed++;
    return token;
  }

  /** @throws NOT_FOUND if the caller has no such reservation, CONFLICT if its stream is open */
  claim(token: string, caller: Caller, stream: SharedStream): void {
    const reservation = this.of(token, caller);
    if (reservation.stream)
      throw conflict("STREAM_OPEN", "The stream of this token is open already. Reserve another one.");
    this.leaveUnclaimed(reservation);
    reservation.stream = stream;
  }

  /** @throws NOT_FOUND if the caller has no such stream that is open */
  open(token: string, caller: Caller): SharedStream {
    const { stream } = this.of(token, caller);
    if (!stream) throw notFound("stream");
    return stream;
  }

  remove(token: string): void {
    const reservation = this.byToken.get(token);
    if (!reservation) return;
    if (!reservation.stream) this.leaveUnclaimed(reservation);
    this.byToken.delete(token);
  }

  private of(token: string, caller: Caller): Reservation {
    const reservation = this.byToken.get(token);
    if (reservation?.owner !== identityOf(caller)) throw notFound("stream");
    return reservation;
  }

  private leaveUnclaimed({ owner, expiry }: Reservation): void {
    clearTimeout(expiry);
    this.unclaimed--;
    const ofCaller = (this.unclaimedOf.get(owner) ?? 1) - 1;
    if (ofCaller > 0) this.unclaimedOf.set(owner, ofCaller);
    else this.unclaimedOf.delete(owner);
  }
}
