/** The roles in words; what each may do is the server's to say. */
export const roleNames = { ADMIN: "Administrator", KEY_MANAGER: "Key manager", AUDITOR: "Auditor" } as const;
export type Role = keyof typeof roleNames;

export const roles = [
  { value: "ADMIN", says: "Everything in these apps; also other administrators and new apps, if it reaches all apps." },
  { value: "KEY_MANAGER", says: "Reads apps, scopes, keys and agents, and changes scopes and keys. Executes nothing." },
  { value: "AUDITOR", says: "Reads everything except secrets, and changes nothing." },
] as const satisfies readonly { value: Role; says: string }[];
