import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { FairShare } from "../../platform/process/fair-scheduler";
import { isTrusted, networkOf } from "../../platform/inbound/client-address";
import type { TrustedProxies } from "../../platform/inbound/trusted-proxies";
import { SharedLimit } from "../../platform/process/shared-limit";

/**
 * Bounds the open connections. A connection that has not shown a valid credential is a guest; one that has is kept. There
 * is always room for a guest, as kept connections never take all places, and a guest gives way to a newer one: so whoever
 * has a valid credential gets in, however many connections others open without one.
 *
 * An address may have a tenth of the places for guests, so that one address can't displace the guests of others; the
 * connections of a trusted proxy are those of many clients, and have no such limit. An app keeps at most half of the connections, and a key a quarter; further ones work, and are the next to give way.
 */
export class ConnectionGate {
  /** From the one that was used the longest ago. */
  private readonly guests = new Map<Socket, Guest>();
  private readonly guestsOf = new Map<string, Map<Socket, Guest>>();
  private readonly kept = new Map<Socket, Kept>();
  private readonly share: SharedLimit;
  private readonly maxGuestsOfAddress: number;

  constructor(
    private readonly max: number,
    private readonly trustedProxies: TrustedProxies,
  ) {
    this.share = new SharedLimit({ name: "connections", noun: "connections", remedy: "Close one." }, max);
    this.maxGuestsOfAddress = Math.ceil(max / 10);
  }

  /** The number of open connections. */
  get size(): number {
    return this.guests.size + this.kept.size;
  }

  /** Admits the connections of a server. */
  attach(server: Server): void {
    server.on("connection", (socket) => this.admit(socket));
    server.on("request", ({ socket }) => this.touch(socket));
  }

  /** Keeps a connection that has shown a valid credential. */
  keep(socket: Socket, share: FairShare): void {
    if (socket.destroyed) return;
    const kept = this.kept.get(socket);
    if (kept?.share.lane === share.lane && kept.share.appId === share.appId) return;
    const guest = this.guests.get(socket);
    if (!kept && !guest) return;

    this.dismiss(socket);
    let release: () => void;
    try {
      release = this.share.take(share);
    } catch {
      this.addGuest(socket, kept?.address ?? guest?.address ?? "", true);
      return;
    }
    this.removeGuest(socket);
    this.kept.set(socket, { address: kept?.address ?? guest?.address ?? "", share, release });
  }

  /** Makes a connection whose credential turned out to be invalid a guest. */
  dismiss(socket: Socket): void {
    const kept = this.kept.get(socket);
    if (!kept) return;
    kept.release();
    this.kept.delete(socket);
    this.addGuest(socket, kept.address, false);
  }

  private admit(socket: Socket): void {
    const remoteAddress = socket.remoteAddress ?? "";
    const address = networkOf(remoteAddress);
    const ofAddress = this.guestsOf.get(address);
    const isFull = ofAddress && ofAddress.size >= this.maxGuestsOfAddress;
    if (isFull && !isTrusted(remoteAddress, this.trustedProxies)) this.evict(oldestIn(ofAddress));
    if (this.guests.size + this.kept.size >= this.max) {
      const oldest = oldestIn(this.guests);
      // Only administrators can have taken all places.
      if (!oldest) {
        socket.destroy();
        return;
      }
      this.evict(oldest);
    }
    this.addGuest(socket, address, false);
    socket.once("close", () => {
      this.removeGuest(socket);
      this.kept.get(socket)?.release();
      this.kept.delete(socket);
    });
  }

  private touch(socket: Socket): void {
    const guest = this.guests.get(socket);
    if (guest) this.addGuest(socket, guest.address, guest.hasCredential);
  }

  /** @param hasCredential a guest only because its key or app has its share: it does not count for its address */
  private addGuest(socket: Socket, address: string, hasCredential: boolean): void {
    this.removeGuest(socket);
    const guest = { address, hasCredential };
    this.guests.set(socket, guest);
    if (hasCredential) return;
    const ofAddress = this.guestsOf.get(address) ?? new Map<Socket, Guest>();
    this.guestsOf.set(address, ofAddress.set(socket, guest));
  }

  private removeGuest(socket: Socket): void {
    const guest = this.guests.get(socket);
    if (!guest) return;
    this.guests.delete(socket);
    const ofAddress = this.guestsOf.get(guest.address);
    ofAddress?.delete(socket);
    if (ofAddress?.size === 0) this.guestsOf.delete(guest.address);
  }

  private evict(socket: Socket | undefined): void {
    if (!socket) return;
    this.removeGuest(socket);
    socket.destroy();
  }
}

interface Guest {
  readonly address: string;
  readonly hasCredential: boolean;
}

interface Kept {
  readonly address: string;
  readonly share: FairShare;
  readonly release: () => void;
}

const oldestIn = (guests: ReadonlyMap<Socket, Guest>): Socket | undefined => {
  const { value } = guests.keys().next();
  return value;
};
