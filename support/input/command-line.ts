/** The command line of `playwright test`, and which of Playwright's switches a load can do with. */
import { Command, Option } from 'commander';

interface Switch {
  /** As `playwright test --help` has it. */
  flags: string;
  /** What it would do to a load, and what to do instead; none: it works. */
  refused?: string;
  /** The values at which it is as if it was not given. */
  harmless?: string[];
}

const chooses = 'chooses single tests, and a scenario is as many of them as it has slices; allowed is -g <scenario>';
const cuts = 'would cut off the load in the middle; allowed is LOAD_DURATION, which makes all of it shorter';
const counts =
  'would end the other slices with the first that fails; leave it out: a failed slice ends its run by itself';
const interactive =
  'runs tests one by one, and a load is all of its slices at once; leave it out: LOAD_DASHBOARD=1 shows a run in a browser';

/** Every switch of Playwright's: its help is compared with these by a test. */
const switches: Switch[] = [
  { flags: '--add-reporter <reporter>' },
  {
    flags: '--browser <browser>',
    refused: 'would take the place of the profiles; allowed is PLAYWRIGHT_CHROMIUM_EXECUTABLE=<path of a Chromium>',
  },
  { flags: '-c, --config <file>' },
  {
    flags: '--debug [mode]',
    refused: 'would stop the clock by which a load runs; leave it out: failed sessions have a screenshot and a trace',
  },
  { flags: '--fail-on-flaky-tests' },
  { flags: '--forbid-only' },
  { flags: '--fully-parallel' },
  { flags: '-g, --grep <grep>' },
  { flags: '-G, --grep-invert <grep>' },
  { flags: '--global-timeout <timeout>', refused: cuts, harmless: ['0'] },
  { flags: '--headed' },
  { flags: '-h, --help' },
  { flags: '--ignore-snapshots' },
  { flags: '-j, --workers <workers>' },
  { flags: '--last-failed', refused: chooses },
  { flags: '--last-failed-file <file>', refused: chooses },
  { flags: '--list' },
  { flags: '--max-failures <N>', refused: counts, harmless: ['0'] },
  { flags: '--no-deps' },
  { flags: '--only-changed [ref]', refused: chooses },
  {
    flags: '--output <dir>',
    refused: 'names a folder that Playwright would empty; leave it out: results are in reports/<run id>/',
  },
  { flags: '--pass-with-no-tests', refused: 'would let a run of nothing pass; leave it out' },
  { flags: '--project <project-name...>' },
  { flags: '--quiet' },
  { flags: '--repeat-each <N>' },
  { flags: '--reporter <reporter>' },
  { flags: '--retries <retries>' },
  { flags: '--run-agents <mode>' },
  { flags: '--shard <shard>' },
  { flags: '--shuffle [seed]' },
  { flags: '--test-list <file>', refused: chooses },
  { flags: '--test-list-invert <file>', refused: chooses },
  { flags: '--timeout <timeout>', refused: cuts, harmless: ['0'] },
  {
    flags: '--trace <mode>',
    refused:
      'would trace every session, and tracing slows what it watches; leave it out: Tandem keeps traces of failed sessions',
    harmless: ['off'],
  },
  { flags: '--tsconfig <path>' },
  { flags: '-u, --update-snapshots [mode]' },
  { flags: '--ui', refused: interactive },
  { flags: '--ui-host <host>', refused: interactive },
  { flags: '--ui-port <port>', refused: interactive },
  { flags: '--update-source-method <method>' },
  { flags: '-x', refused: counts },
];

/** The switches there are, as `playwright test --help` has them. */
export const knownSwitches = switches.map(({ flags }) => flags);

export interface CommandLine {
  /** `test`, `merge-reports` … */
  command: string | undefined;
  /** What belongs to no switch: patterns of files for `test`, a folder for `merge-reports`. */
  words: string[];
  projects: string[];
  reporter?: string;
  shard?: string;
  workers?: string;
  repeatEach?: string;
  grep?: string;
  grepInvert?: string;
  headed: boolean;
  list: boolean;
  help: boolean;
}

/** @param argv as in `process.argv`; Playwright has accepted it */
export function commandLine(argv: string[]): CommandLine {
  const program = parsed(argv);
  const { project, headed = false, list = false, help = false, ...options } = program.opts();
  const { reporter, shard, workers, repeatEach, grep, grepInvert } = options;
  const words = program.args;
  return {
    command: argv[2],
    words,
    projects: project ?? [],
    headed,
    list,
    help,
    reporter,
    shard,
    workers,
    repeatEach,
    grep,
    grepInvert,
  };
}

function parsed(argv: string[]): Command {
  const program = new Command().helpOption(false).allowUnknownOption().allowExcessArguments().exitOverride();
  for (const { flags } of switches) program.addOption(new Option(flags));
  return program.configureOutput({ writeErr: () => {} }).parse(argv.slice(3), { from: 'user' });
}

/**
 * Refuses what a load cannot do with.
 * @throws one sentence
 */
export function checkSwitches(argv: string[], env: NodeJS.ProcessEnv): void {
  const program = parsed(argv);
  for (const [i, { refused, harmless = [] }] of switches.entries()) {
    const option = program.options[i]!;
    const value = program.getOptionValue(option.attributeName());
    const isGiven = program.getOptionValueSource(option.attributeName()) === 'cli';
    if (!refused || !isGiven || harmless.includes(value)) continue;
    const name = option.long ?? option.short;
    throw new Error(`${value === true ? name : `${name}=${value}`} ${refused}.`);
  }
  if (env.PWDEBUG && env.PWDEBUG !== '0') {
    throw new Error('PWDEBUG would stop the clock by which a load runs; allowed is to unset it.');
  }
  const { workers, shard, grep, grepInvert, words } = commandLine(argv);
  if (workers !== undefined && !/^0*[1-9]\d*%?$/.test(workers)) {
    throw new Error(`--workers is ${workers}; allowed is a whole number of at least 1, or a percentage of the cores.`);
  }
  // Playwright reads a number from the beginning of each part, whatever comes after it.
  if (shard !== undefined && !/^\d+\/\d+$/.test(shard)) {
    throw new Error(`--shard is "${shard}"; allowed is <current>/<all>, such as 1/4, counted from 1.`);
  }
  checkPattern('-g', grep);
  checkPattern('--grep-invert', grepInvert);
  for (const word of words) checkPattern('The pattern of files', word);
}

/**
 * Which scenarios -g is about: those whose names it fits, where there is one; else whatever Playwright found by it, such as a
 * folder of loads.
 */
export function chosenBy({ grep }: CommandLine, scenarios: string[]): (scenario: string) => boolean {
  const pattern = grep === undefined ? undefined : patternOf(grep);
  const named = pattern && scenarios.filter((name) => pattern.test(name));
  return (scenario) => !named || named.length === 0 || named.includes(scenario);
}

/** As Playwright reads it, but for a state from one test to the next. */
function patternOf(text: string): RegExp {
  const [, inner, flags = 'i'] = /^\/(.*)\/([gi]*)$/.exec(text) ?? [];
  return new RegExp(inner ?? text, flags.replace('g', ''));
}

function checkPattern(what: string, pattern: string | undefined): void {
  try {
    patternOf(pattern ?? '');
  } catch (error) {
    throw new Error(`${what} is "${pattern}": ${(error as Error).message}; allowed is a regular expression.`);
  }
}

/** True when scenarios may be missing on purpose. */
export function isFiltered({ words, grep, grepInvert }: CommandLine): boolean {
  return words.length > 0 || grep !== undefined || grepInvert !== undefined;
}

/** Why there is no test at all, in one sentence. */
export function nothingToRun(line: CommandLine): string {
  return isFiltered(line)
    ? 'Nothing to run: the filters (-g, --grep-invert, file names) leave no scenario of the profile; --list shows them.'
    : "Nothing to run: the files of the profile's scenarios declare none; allowed is one load(…) or journey(…) in each, with the name of its file.";
}
