import type { EntityManager } from "typeorm";
import type { AfterCommit, Database, TransactionParticipant } from "../../platform/database/database";
import { PreparedInsert, PreparedUpdate } from "../../platform/database/prepared-write";
import { newId } from "../../platform/database/ids";
import type { SigningKeys } from "../../platform/secrets/signing-keys";
import { type AuditAction, type AuditActorKind, auditTargets } from "./audit-action";
import { AuditEntry } from "./audit-entry.entity";
import { genesisOf, hashOf, signedTexts } from "./audit-hash";
import { AuditHead, serverChain } from "./audit-head.entity";
import { type AuditedChange, jsonOf } from "./audited-fields";

/** The one that does something: a caller, a command, or the server. */
export interface Actor {
  readonly kind: AuditActorKind;
  readonly id: string | null;
  readonly name: string;
}

/** The source of a request. */
export interface Origin {
  readonly address: string | null;
  readonly requestId: string | null;
}

/** An action as its code reports it. */
export interface AuditedAction extends AuditedChange {
  /** Null for what is above apps. */
  readonly appId: string | null;
  readonly target: { readonly id: string; readonly name: string };
}

export interface NewEntry extends AuditedAction {
  readonly actor: Actor;
  readonly origin: Origin;
  readonly action: AuditAction;
  /** Now, unless it is given. */
  readonly at?: Date;
  readonly occurrences?: number;
}

/** Learns of entries, as part of the transactions that write them. */
export interface AuditFollower {
  follow(manager: EntityManager, afterCommit: AfterCommit, entries: readonly NewEntry[]): Promise<void>;
}

/** Entries per statement. */
const batchSize = 250;
const maxNameChars = 120;

const insertEntries = new PreparedInsert<AuditEntry, "actor" | "target" | "before" | "after">(AuditEntry);
const moveHead = new PreparedUpdate(AuditHead, {
  set: ["sequence", "hash", "keyId", "signature", "movedAt"],
  add: [],
  where: ["chainId"],
});

/** Nobody's address, for what a command or the server does. */
export const noOrigin: Origin = { address: null, requestId: null };

/**
 * Writes entries in the transactions of the changes that they are about, as the last statements before the commit. The
 * head of a chain is the last row that a transaction locks, so transactions that wait for it wait for nothing else.
 */
export class AuditLog implements TransactionParticipant {
  /** The entries of transactions that are in progress. */
  private readonly pending = new WeakMap<EntityManager, NewEntry[]>();
  private follower: AuditFollower | undefined;

  /** @param db whose transactions write the entries from now on, whichever share or guard they have */
  constructor(
    private readonly db: Pick<Database, "lock" | "joinedBy">,
    readonly keys: SigningKeys,
    private readonly keepsAddresses: boolean,
  ) {
    db.joinedBy(this);
  }

  followedBy(follower: AuditFollower): void {
    this.follower = follower;
  }

  /** Records an entry as part of a transaction: it is written if the transaction commits. */
  record(manager: EntityManager, entry: NewEntry): void {
    const entries = this.pending.get(manager);
    if (!entries) throw new Error("An entry of the audit log needs a transaction.");
    entries.push(entry);
  }

  begin(manager: EntityManager): void {
    this.pending.set(manager, []);
  }

  async end(manager: EntityManager, afterCommit: AfterCommit): Promise<void> {
    const entries = this.pending.get(manager) ?? [];
    this.pending.delete(manager);
    if (entries.length === 0) return;
    // Before the heads are locked, which must be the last locks of a transaction.
    await this.follower?.follow(manager, afterCommit, entries);

    const chains = new Map<string, NewEntry[]>();
    for (const entry of entries) {
      const chainId = entry.appId ?? serverChain;
      chains.set(chainId, [...(chains.get(chainId) ?? []), entry]);
    }
    const ofServer = chains.get(serverChain) ?? [];
    chains.delete(serverChain);
    // In this order in all transactions, so that no two wait for each other.
    for (const chainId of [...chains.keys()].sort()) {
      const isNew = await this.append(manager, chainId, chains.get(chainId) ?? []);
      if (isNew) ofServer.push(startOf(chainId, chains.get(chainId)?.[0]));
    }
    if (ofServer.length > 0) await this.append(manager, serverChain, ofServer);
  }

  /** @returns whether the chain is new */
  private async append(manager: EntityManager, chainId: string, entries: readonly NewEntry[]): Promise<boolean> {
    const found = await this.db.lock(manager, AuditHead, { chainId });
    const head = found ?? (await this.start(manager, chainId));
    let { sequence, hash } = head;
    const rows = entries.map((entry) => {
      const row = this.rowOf(entry, chainId, ++sequence, hash);
      ({ hash } = row);
      return row;
    });
    for (let from = 0; from < rows.length; from += batchSize)
      await insertEntries.run(manager, ...rows.slice(from, from + batchSize));
    const moved = { sequence, hash, ...this.keys.sign(signedTexts.head({ chainId, sequence, hash })) };
    await moveHead.run(manager, {
      set: { ...moved, movedAt: head.movedAt ?? new Date() },
      add: {},
      where: { chainId },
    });
    return !found;
  }

  /** Another transaction may start the chain at the same time: one of them waits for the other. */
  private async start(manager: EntityManager, chainId: string): Promise<AuditHead> {
    // A chain whose head was deleted goes on after its entries, so that changes are possible. Its verification says so.
    const last = await manager.findOne(AuditEntry, { where: { chainId }, order: { sequence: "DESC" } });
    const point = { chainId, sequence: last?.sequence ?? 0, hash: last?.hash ?? genesisOf(chainId) };
    const base = { chainId, sequence: 0, hash: genesisOf(chainId) };
    const { keyId, signature } = this.keys.sign(signedTexts.base(base));
    const row: AuditHead = {
      ...point,
      ...this.keys.sign(signedTexts.head(point)),
      ...{ baseSequence: base.sequence, baseHash: base.hash, baseKeyId: keyId, baseSignature: signature },
      movedAt: null,
    };
    await manager.createQueryBuilder().insert().into(AuditHead).values(row).orIgnore().execute();
    return (await this.db.lock(manager, AuditHead, { chainId })) ?? row;
  }

  private rowOf(entry: NewEntry, chainId: string, sequence: number, previousHash: string) {
    const { actor, origin, action, target, at = new Date(), occurrences = 1 } = entry;
    const fields = {
      id: newId(),
      chainId,
      sequence,
      at,
      actorKind: actor.kind,
      actorId: actor.id,
      actorName: nameOf(actor),
      action,
      targetType: auditTargets[action],
      targetId: target.id,
      targetName: nameOf(target),
      ...jsonOf(entry),
      occurrences,
      address: this.keepsAddresses ? origin.address : null,
      requestId: origin.requestId,
      previousHash,
    };
    const hash = hashOf(fields);
    return { ...fields, hash, ...this.keys.sign(signedTexts.entry({ chainId, sequence, hash })) };
  }
}

const nameOf = ({ name }: { readonly name: string }): string =>
  Array.from(name.toWellFormed()).slice(0, maxNameChars).join("");

/** Says in the chain above apps that the chain of an app began, so that a chain that is removed as a whole is missed. */
function startOf(appId: string, first: NewEntry | undefined): NewEntry {
  const target = first?.action === "CREATE_APP" ? first.target : { id: appId, name: appId };
  const { actor = { kind: "SERVER", id: null, name: "server" }, origin = noOrigin } = first ?? {};
  return { appId: null, actor, origin, action: "START_CHAIN", target };
}
