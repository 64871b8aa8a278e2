#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join } from "node:path";
import type * as commands from "./commands";
import { requireCompiled } from "./platform/process/compiled-module";

/** All modules in one file, of which bundle.mjs makes a build: loading them one by one takes most of the time of a start. */
const bundle = join(__dirname, "../bundle/commands.js");

/** Loads what runs the commands. */
export async function loadCommands(): Promise<typeof commands> {
  if (existsSync(bundle)) return requireCompiled(bundle) as typeof commands;
  process.setSourceMapsEnabled(true);
  return import("./commands.js");
}

if (require.main === module) void loadCommands().then(({ main }) => main());
