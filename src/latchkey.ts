#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join } from "node:path";
import type * as commands from "./commands";
import { requireCompiled } from "./platform/process/compiled-module";

/** The modules in one file, which bundle.mjs makes: to load them one by one takes most of the time of a start. */
const bundle = join(__dirname, "../bundle/commands.js");

/** Loads the commands, from the bundle if there is one. */
export async function loadCommands(): Promise<typeof commands> {
  if (existsSync(bundle)) return requireCompiled(bundle) as typeof commands;
  process.setSourceMapsEnabled(true);
  return import("./commands.js");
}

if (require.main === module) void loadCommands().then(({ main }) => main());
