import { Arg, Args, ID, Mutation, Query, Resolver } from "type-graphql";
import { RequireAdminOfAllApps } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { Administrator } from "./administrator.entity";
import {
  AdministratorConnection,
  AdministratorPayload,
  AdministratorsArgs,
  AdministratorSecretPayload,
  CreateAdministratorInput,
  RevokeAdministratorInput,
  RotateAdministratorKeyInput,
  UpdateAdministratorInput,
} from "./administrator.input";
import { AdministratorService } from "./administrator.service";

@Resolver(() => Administrator)
export class AdministratorResolver {
  constructor(private readonly administratorService: AdministratorService) {}

  @Query(() => AdministratorConnection, { description: "The administrators by name, oldest first." })
  @RequireAdminOfAllApps("AUDITOR")
  administrators(@Args() args: AdministratorsArgs): Promise<Page<Administrator>> {
    return this.administratorService.list(args);
  }

  @Query(() => Administrator, { nullable: true, description: "Null if the administrator does not exist." })
  @RequireAdminOfAllApps("AUDITOR")
  administrator(@Arg("id", () => ID) id: string): Promise<Administrator | null> {
    return this.administratorService.find(id);
  }

  @Mutation(() => AdministratorSecretPayload, {
    description: "Creates an administrator with a key. Only this response contains its secret.",
  })
  @RequireAdminOfAllApps()
  createAdministrator(@Arg("input") input: CreateAdministratorInput): Promise<AdministratorSecretPayload> {
    return this.administratorService.create(input);
  }

  @Mutation(() => AdministratorPayload, {
    description:
      "Changes the name, the role or the apps of an administrator. Once the mutation is answered, what the administrator has under way without the rights for it ends. CONFLICT if it is revoked, or if an issuer decides what is to be changed.",
  })
  @RequireAdminOfAllApps()
  async updateAdministrator(@Arg("input") input: UpdateAdministratorInput): Promise<AdministratorPayload> {
    return { administrator: await this.administratorService.update(input) };
  }

  @Mutation(() => AdministratorSecretPayload, {
    description:
      "Replaces the key of an administrator. Once the mutation is answered, the old key is refused everywhere, and what was begun with it ends. Only this response contains the secret. CONFLICT if the administrator is revoked, or has no key.",
  })
  @RequireAdminOfAllApps()
  rotateAdministratorKey(@Arg("input") input: RotateAdministratorKeyInput): Promise<AdministratorSecretPayload> {
    return this.administratorService.rotateKey(input);
  }

  @Mutation(() => AdministratorPayload, {
    description:
      "Revokes an administrator for good. Once the mutation is answered, it is refused everywhere, and its open connections end. Its runs finish. A revoked administrator stays as it is.",
  })
  @RequireAdminOfAllApps()
  async revokeAdministrator(@Arg("input") input: RevokeAdministratorInput): Promise<AdministratorPayload> {
    return { administrator: await this.administratorService.revoke(input) };
  }
}
