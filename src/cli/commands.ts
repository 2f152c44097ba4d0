/** All commands, in the order in which the help lists them. */
import { balanceCommand } from './balance.ts';
import { benchCommands } from './bench.ts';
import { bladeCommands } from './blades.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { demoCommand } from './demo.ts';
import { dumpCommand } from './dump.ts';
import { exportSessionCommand } from './export-session.ts';
import { graftCommand } from './graft.ts';
import { importFrrCommand } from './import-frr.ts';
import { importSessionCommand } from './import-session.ts';
import { initCommand } from './init.ts';
import { policyCommands } from './policy.ts';
import { reloadCommand } from './reload.ts';
import { runCommand } from './run.ts';
import { sessionCommands } from './sessions.ts';
import { showCommand } from './show.ts';
import { showBladesCommand, showFabricCommand, showGraftsCommand } from './show-box.ts';
import { routeCommands } from './show-routes.ts';
import { showRpkiCommand, showVrpsCommand } from './show-rpki.ts';
import { showSessionCommand, showSessionsCommand } from './show-sessions.ts';

export const commands: readonly Command[] = [
  runCommand,
  checkCommand,
  initCommand,
  importFrrCommand,
  demoCommand,
  showCommand,
  showBladesCommand,
  showSessionsCommand,
  showSessionCommand,
  ...routeCommands,
  showGraftsCommand,
  showFabricCommand,
  showRpkiCommand,
  showVrpsCommand,
  graftCommand,
  balanceCommand,
  ...bladeCommands,
  ...sessionCommands,
  reloadCommand,
  ...policyCommands,
  dumpCommand,
  exportSessionCommand,
  importSessionCommand,
  ...benchCommands,
];
