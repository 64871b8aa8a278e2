import { useQuery } from "@tanstack/react-query";
import { request } from "../api/client";
import { ConsoleViewerDocument } from "../api/operations.generated";
import { isOpen } from "../api/requirements";
import { requirementsQuery } from "../api/schema-text";

/**
 * Tells whether the one who is signed in may use a root field of the API, by what the schema says that the field requires
 * and what the server says about the viewer. Until both are known, nothing is offered to anyone but an administrator of
 * all apps, to whom everything is open.
 */
export function useMay(): (field: string) => boolean {
  const { data } = useQuery({
    queryKey: ["viewer"],
    queryFn: ({ signal }) => request(ConsoleViewerDocument, {}, { signal }),
    staleTime: 60_000,
  });
  const viewer = data?.viewer;
  const isUnlimited = viewer?.role === "ADMIN" && viewer.appIds === null;
  // The schema is 14 KB, and few need it to know what they may do.
  const requirements = useQuery({ ...requirementsQuery, enabled: viewer !== undefined && !isUnlimited });
  return (field) => {
    if (!viewer) return false;
    if (isUnlimited) return true;
    const grants = { ...viewer.permissions, role: viewer.role ?? undefined, isConfined: viewer.appIds !== null };
    return (
      requirements.data?.some((requirement) => requirement.field === field && isOpen(requirement, grants)) ?? false
    );
  };
}
