import { randomUUID } from "node:crypto";
import type { TestRole } from "./access-table";
import { Client } from "./client";

/** A client with the key of an administrator by name. */
export class NamedAdministrator extends Client {
  constructor(
    url: string,
    readonly secret: string,
    readonly id: string,
    readonly name: string,
  ) {
    super(url, ["authorization", `Bearer ${secret}`]);
  }
}

interface Host {
  readonly url: string;
  readonly admin: Client;
}

/** Creates an administrator. */
export async function newAdministrator(
  { url, admin }: Host,
  input: { readonly role: "ADMIN" | "KEY_MANAGER" | "AUDITOR"; readonly appIds?: readonly string[] | null },
): Promise<NamedAdministrator> {
  const name = `administrator ${randomUUID()}`;
  const { createAdministrator } = await admin.data(
    `mutation ($input: CreateAdministratorInput!) {
      createAdministrator(input: $input) { secret administrator { id } }
    }`,
    { input: { name, ...input } },
  );
  return new NamedAdministrator(
    url,
    createAdministrator.secret as string,
    createAdministrator.administrator.id as string,
    name,
  );
}

/** An administrator of a column of the access table. */
export const administratorWith = (host: Host, role: TestRole, appId: string): Promise<NamedAdministrator> =>
  newAdministrator(host, role === "CONFINED_ADMIN" ? { role: "ADMIN", appIds: [appId] } : { role });
