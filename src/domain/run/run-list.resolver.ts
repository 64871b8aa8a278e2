import { Args, Query, Resolver } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import type { Run } from "./run.entity";
import { CountedRunConnection, RunListArgs } from "./run-list.input";
import { RunLists } from "./run-lists";

@Resolver()
export class RunListResolver {
  constructor(private readonly runLists: RunLists) {}

  @Query(() => CountedRunConnection, { description: "The runs of an app, newest first." })
  @RequireAdmin("AUDITOR")
  runs(@Args() args: RunListArgs): Promise<Page<Run>> {
    return this.runLists.ofApp(args);
  }
}
