/**
 * Convergence: senders announce prefixes, every neighbour learns the best routes; graftd with each number of blades
 * and the other daemons that are installed, in turn, in one call. See bench/README.md.
 */
import { CASES, type Case, caseOf, phasesOf } from './convergence/cases.ts';
import { bird } from './convergence/daemons/bird.ts';
import type { Contestant } from './convergence/daemons/daemon.ts';
import { frr } from './convergence/daemons/frr.ts';
import { gobgp } from './convergence/daemons/gobgp.ts';
import { graftd } from './convergence/daemons/graftd.ts';
import { openbgpd } from './convergence/daemons/openbgpd.ts';
import { type CaseSummaries, figure } from './convergence/figure.ts';
import { GeneratorProcess } from './convergence/generator/handle.ts';
import { PHASES, type PhaseName } from './convergence/generator/messages.ts';
import { hasRealRoutes } from './convergence/generator/real-routes.ts';
import {
  phaseTable,
  type Row,
  restTable,
  type Summary,
  scalingTable,
  singleTable,
  summaries,
  threadTable,
} from './convergence/report.ts';
import { type Failure, type PhaseResult, run } from './convergence/run.ts';
import { readOptions, wrongUsage } from './support/options.ts';
import { machineLine, writeResults } from './support/report.ts';

const { values } = readOptions({
  options: {
    case: { type: 'string', default: CASES.join(',') },
    daemons: { type: 'string', default: 'graftd,bird,frr,gobgp,openbgpd' },
    blades: { type: 'string', default: '1,2,4,8,default' },
    'line-cards': { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    limit: { type: 'string', default: '120' },
    quiet: { type: 'string', default: '1' },
    phases: { type: 'string', default: 'announce,single,change,busy,withdraw,lost' },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `npm run bench convergence -- [options]

  --case NAMES      of ${CASES.join(', ')}; or any like 3x20k-5 or 40x100-all
  --daemons NAMES   of graftd, bird, frr, gobgp, openbgpd; those that are not installed are left out
  --blades LIST     for graftd: 1,2,4,8,default
  --line-cards 1    for graftd: so many share the sockets
  --phases NAMES    of ${PHASES.join(', ')}; after each other, announce first
  --rounds 3        all contestants in turn, so many times
  --scale 1         of the prefixes, to shrink all cases
  --limit 120       seconds that a phase may take
  --quiet 1         seconds without a change until a phase has ended`;

if (values.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const contestants = chosen();
  const versions = Object.fromEntries(
    contestants.map((contestant) => [contestant.name, contestant.version()]),
  );
  const others = Object.entries(versions).filter(([name]) => !name.startsWith('graftd'));
  console.log([machineLine(), ...others.map((words) => words.join(' '))].join('; '));
  const generator = new GeneratorProcess();
  const rows: Row[] = [];
  const cases: CaseSummaries[] = [];
  for (const what of chosenCases()) {
    const facts = await generator.ask('prepare', { what });
    const measured = await measure(generator, what, contestants);
    rows.push(...measured);
    cases.push({ name: what.name, summaries: summaries(measured) });
    const mix = `${facts.prefixes} prefixes, ${facts.routes} routes, ${facts.routesPerSet.toFixed(1)} a set of attributes`;
    print(`${what.name}: ${what.about}\n${mix}`, what, summaries(measured));
  }
  await generator.close();
  const announced = cases.filter(({ summaries }) => summaries.some(({ phase }) => phase === 'announce'));
  const names = contestants.map(({ name }) => name);
  writeResults('convergence', { versions, cases, rows }, figure(announced, names, Number(values.limit)));
  if (rows.some(isWrong)) process.exitCode = 1;
}

/** A wrong table, whoever has it, and a graftd that did not come to an end. */
function isWrong({ daemon, result }: Row): boolean {
  return 'failed' in result ? daemon.startsWith('graftd') : result.mistakes.length > 0;
}

/** All contestants in turn, round by round; who did not come to an end in one round is not asked again. */
async function measure(
  generator: GeneratorProcess,
  what: Case,
  contestants: readonly Contestant[],
): Promise<Row[]> {
  const rows: Row[] = [];
  const phases = phasesOf(what, values.phases.split(',') as PhaseName[]);
  for (let round = 1; round <= Number(values.rounds); round++)
    for (const contestant of contestants) {
      const daemon = contestant.name;
      if (what.graftdOnly && !daemon.startsWith('graftd')) continue;
      if (what.policy !== undefined && contestant.hasPolicy !== true) continue;
      if (rows.some((row) => row.daemon === daemon && 'failed' in row.result)) continue;
      process.stderr.write(`${what.name} round ${round}: ${daemon} … `);
      const [limit, quiet] = [Number(values.limit), Number(values.quiet)];
      const results = await run(generator, contestant, { what, phases, limit, quiet });
      for (const result of results) rows.push({ case: what.name, daemon, round, result });
      process.stderr.write(`${results.map(brief).join('; ')}\n`);
    }
  return rows;
}

function chosenCases(): Case[] {
  return values.case.split(',').flatMap((name) => {
    const what = caseOf(name, Number(values.scale));
    if (what === undefined) wrongUsage(`"${name}" is no case; they look like 10x100k-2 or 700x571-all`);
    if ((what.feeds !== 'table' && what.feeds !== 'pch') || hasRealRoutes(what.feeds)) return [what];
    console.log(`${name}: its data are not there: left out (GRAFTD_DATA says where they are)`);
    return [];
  });
}

function chosen(): Contestant[] {
  const blades = values.blades.split(',').map((text) => (text === 'default' ? undefined : Number(text)));
  if (blades.some(Number.isNaN)) wrongUsage(`--blades must be numbers, or default, not "${values.blades}"`);
  const all: Record<string, Contestant[]> = {
    graftd: blades.map((each) => graftd(each, Number(values['line-cards']))),
    bird: [bird],
    frr: [frr],
    gobgp: [gobgp],
    openbgpd: [openbgpd],
  };
  return values.daemons.split(',').flatMap((name) => {
    const found = all[name];
    if (found === undefined) wrongUsage(`there is no daemon "${name}": ${Object.keys(all).join(', ')}`);
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

function print(title: string, what: Case, all: readonly Summary[]): void {
  const scaling = what.graftdOnly ? scalingTable(all) : '';
  const tables = [phaseTable(all), singleTable(all), restTable(all), threadTable(all), scaling];
  console.log(`\n${title}\n\n${tables.filter((text) => text !== '').join('\n\n')}`);
}
