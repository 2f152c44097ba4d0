/**
 * Convergence: senders announce prefixes, every neighbour learns the best routes; graftd with each number of blades
 * and the other daemons that are installed, in turn, in one call. See bench/README.md.
 */
import { parseArgs } from 'node:util';
import { CASES, caseOf } from './convergence/cases.ts';
import { bird } from './convergence/daemons/bird.ts';
import type { Contestant } from './convergence/daemons/daemon.ts';
import { frr } from './convergence/daemons/frr.ts';
import { gobgp } from './convergence/daemons/gobgp.ts';
import { graftd } from './convergence/daemons/graftd.ts';
import { openbgpd } from './convergence/daemons/openbgpd.ts';
import { GeneratorProcess } from './convergence/generator/handle.ts';
import type { PhaseName } from './convergence/generator/messages.ts';
import { hasRealRoutes } from './convergence/generator/real-routes.ts';
import {
  phaseTable,
  type Row,
  restTable,
  type Summary,
  singleTable,
  summaries,
  threadTable,
} from './convergence/report.ts';
import { type Failure, type PhaseResult, run } from './convergence/run.ts';
import { machineLine, writeResults } from './support/report.ts';

const { values } = parseArgs({
  options: {
    case: { type: 'string', default: CASES.join(',') },
    daemons: { type: 'string', default: 'graftd,bird,frr,gobgp,openbgpd' },
    blades: { type: 'string', default: '1,2,4,8,default' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    limit: { type: 'string', default: '120' },
    phases: { type: 'string', default: 'announce,single,change,withdraw,lost' },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `npm run bench convergence -- [--case ${CASES.join(',')}] [--daemons graftd,bird,frr,gobgp,openbgpd]
  [--blades 1,2,4,8,default] [--rounds 3] [--scale 1] [--limit SECONDS of a phase] [--phases announce,single,change,withdraw,lost]`;

if (values.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  console.log(`${machineLine()}\n`);
  const contestants = chosen();
  const generator = new GeneratorProcess();
  const rows: Row[] = [];
  for (const name of values.case.split(',')) {
    const what = caseOf(name, Number(values.scale));
    if (what === undefined) throw new Error(`"${name}" is no case; they look like 10x100k-2 or 700x571-all`);
    if ((what.feeds === 'table' || what.feeds === 'pch') && !hasRealRoutes(what.feeds)) {
      console.log(`${name}: its data are not there: left out (GRAFTD_DATA says where they are)`);
      continue;
    }
    const facts = await generator.ask('prepare', { what });
    const mix = `${facts.prefixes} prefixes, ${facts.routes} routes, ${facts.routesPerSet.toFixed(1)} a set of attributes`;
    const phases = what.phases ?? (values.phases.split(',') as PhaseName[]);
    for (let round = 1; round <= Number(values.rounds); round++)
      for (const contestant of contestants) {
        if (what.graftdOnly && !contestant.name.startsWith('graftd')) continue;
        process.stderr.write(`${name} round ${round}: ${contestant.name} … `);
        const results = await run(generator, contestant, { what, phases, limit: Number(values.limit) });
        for (const result of results) rows.push({ case: name, daemon: contestant.name, round, result });
        process.stderr.write(`${results.map(brief).join('; ')}\n`);
      }
    print(`${name}: ${what.about}\n${mix}`, summaries(rows.filter((row) => row.case === name)));
  }
  await generator.close();
  writeResults('convergence', {
    versions: Object.fromEntries(contestants.map((c) => [c.name, c.version()])),
    rows,
  });
}

function chosen(): Contestant[] {
  const blades = values.blades.split(',').map((text) => (text === 'default' ? undefined : Number(text)));
  const all: Record<string, Contestant[]> = {
    graftd: blades.map(graftd),
    bird: [bird],
    frr: [frr],
    gobgp: [gobgp],
    openbgpd: [openbgpd],
  };
  return values.daemons.split(',').flatMap((name) => {
    const found = all[name];
    if (found === undefined) throw new Error(`there is no daemon "${name}": ${Object.keys(all).join(', ')}`);
    return found.filter((contestant) => {
      if (contestant.version() === undefined) console.log(`${contestant.name} is not installed: left out`);
      return contestant.version() !== undefined;
    });
  });
}

function brief(result: PhaseResult | Failure): string {
  if ('failed' in result) return `${result.phase} FAILED: ${result.failed}`;
  return `${result.phase} ${result.wallSeconds.toFixed(2)} s${result.mistakes.length > 0 ? ` WRONG: ${result.mistakes[0]}` : ''}`;
}

function print(title: string, all: readonly Summary[]): void {
  const tables = [phaseTable(all), singleTable(all), restTable(all), threadTable(all)];
  console.log(`\n${title}\n\n${tables.filter((text) => text !== '').join('\n\n')}`);
}
