#!/usr/bin/env node
// The command line: npx lanegrad.
import { runCommand } from "./cli/commands.js";

process.exitCode = await runCommand(process.argv.slice(2));
