// Who may import whom. Each rule says why; tests/imports.test.ts proves that each can fire.

/** Tests, and what is there for them alone. */
const UNIT_TEST = '\\.(test|fixture)\\.ts$';
/** Words of the suite that every room may use: pure data and its validation. */
const DATA = '^support/((profile|input)/|wire/wire\\.ts$|(profile|slo|target|family|embedded-drills)\\.ts$)';
const ENTRY_POINTS = [
  '^playwright\\.config\\.ts$',
  '^support/run/reporter\\.ts$',
  '^journeys/.+\\.journey\\.ts$',
  '^protocol/.+\\.load\\.ts$',
  '^(journeys|protocol)/.+\\.oracle\\.ts$',
  '^bench/main\\.ts$',
  '^scripts/.+\\.ts$',
];

/** A rule for a part of support/: what it may import of support/, beside the data modules. */
const within = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: UNIT_TEST },
  to: { path: '^support/', pathNot: [DATA, ...allowed] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'authors-know-only-test',
      severity: 'error',
      comment:
        'Journeys and loads are written with the words of support/test.ts alone, so that the engine can change under them. How connections are made is a module of its own: a worker that drives a browser need not load it. So is how a family declares itself: the configuration reads it, which runs no load.',
      from: { path: '^(journeys|protocol)/', pathNot: UNIT_TEST },
      to: { path: '^support/', pathNot: '^support/(test|family|wire/connection)\\.ts$' },
    },
    {
      name: 'journeys-without-protocol',
      severity: 'error',
      comment: 'A journey does what a person does, in a browser: a short cut over the wire would not measure the page.',
      from: { path: '^journeys/' },
      to: { path: '^protocol/' },
    },
    {
      name: 'protocol-without-journeys',
      severity: 'error',
      comment: 'Protocol workers run where no browser is installed.',
      from: { path: '^protocol/' },
      to: { path: '^journeys/' },
    },
    {
      name: 'support-without-families',
      severity: 'error',
      comment: 'The domain serves families that nobody has thought of yet: what one of them needs, it declares itself.',
      from: { path: '^support/', pathNot: UNIT_TEST },
      to: { path: '^(protocol|journeys)/' },
    },
    {
      name: 'declared-without-loads',
      severity: 'error',
      comment:
        'Every process of a run reads what families declare of themselves; clients and loads are for their own workers.',
      from: { path: '^protocol/(families\\.ts|.+/(family|settings)\\.ts)$' },
      to: { path: '^support/test\\.ts$', reachable: true },
    },
    {
      name: 'families-apart',
      severity: 'error',
      comment:
        'A family of systems is a folder that can be read, tested and left out by itself. What two of them call is in protocol/apis/.',
      from: { path: '^protocol/(?!apis/|transports/)([^/]+)/' },
      to: { path: '^protocol/(?!apis/|transports/)[^/]+/', pathNot: '^protocol/$1/' },
    },
    {
      name: 'apis-below-families',
      severity: 'error',
      comment: 'An API that several families call must not depend on what one of them does with it.',
      from: { path: '^protocol/apis/' },
      to: { path: '^protocol/', pathNot: ['^protocol/(apis|transports)/', UNIT_TEST] },
    },
    {
      name: 'transports-below-apis',
      severity: 'error',
      comment: 'A transport carries the calls of every API, those of families to come included: it knows none.',
      from: { path: '^protocol/transports/' },
      to: { path: '^protocol/', pathNot: ['^protocol/transports/', UNIT_TEST] },
    },
    within(
      'data-stays-light',
      DATA,
      ['^support/judge/expression\\.ts$', '^support/measure/(metrics|own|time-axis)\\.ts$'],
      'Every room imports the data modules: whatever these import, all do. They may know the words they validate.',
    ),
    within(
      'measure-alone',
      '^support/measure/',
      ['^support/measure/'],
      'Measuring is the ground that the rooms stand on.',
    ),
    within(
      'schedule-on-measure',
      '^support/schedule/',
      ['^support/(schedule|measure)/', '^support/time-limit\\.ts$'],
      'When work is due must not depend on what is checked, judged or reported.',
    ),
    within(
      'check-on-measure',
      '^support/check/',
      ['^support/(check|measure)/'],
      'An oracle gathers evidence; what it means is decided in judge/.',
    ),
    within(
      'judge-on-measure',
      '^support/judge/',
      ['^support/(judge|measure)/'],
      'A verdict is a pure function of data, so that shards can be judged after they were merged, and tests are tables.',
    ),
    within(
      'findings-below-judging',
      '^support/judge/(findings|words)/',
      [
        '^support/judge/(findings|words)/',
        '^support/judge/(doubt|expression|results|signal|unit)\\.ts$',
        '^support/measure/',
      ],
      'What a finding is and says does not depend on who found it: what judges is built on it.',
    ),
    within(
      'report-on-judge',
      '^support/report/',
      ['^support/(report|judge|measure)/', '^support/schedule/(timeline|plan)\\.ts$'],
      'Reports turn finished data into text and must not take part in the run. Of the schedule they know what was planned.',
    ),
    within(
      'run-composes',
      '^support/run/',
      [
        '^support/(run|report|judge|measure|check|worker|secrets|wire)/',
        '^support/schedule/(startline|timeline|plan|slices|steered)\\.ts$',
        '^support/[^/]+\\.ts$',
      ],
      "From Playwright's reporter to the judged run: its preparation, its coordination, what is collected. Of the schedule it holds the start line and what is planned, the rest is the workers'.",
    ),
    {
      name: 'drawing-at-the-end',
      severity: 'error',
      comment:
        'How a run is drawn must not matter while it lasts: only its results, its display and its dashboard are drawn.',
      from: { path: '^support/run/(?!(results|reporter)\\.ts$)', pathNot: UNIT_TEST },
      to: { path: '^support/report/(text|html|markdown|exports)/' },
    },
    within(
      'workers-neither-judge-nor-report',
      '^support/((worker|secrets|wire)/|(?!(profile|slo|target|family|browser)\\.ts$)[^/]+\\.ts$)',
      ['^support/(schedule|measure|check|worker|secrets|wire)/', '^support/[^/]+\\.ts$'],
      'test.ts and its neighbours produce samples and evidence; judging and reporting happen once, in the reporter.',
    ),
    within(
      'browser-measures',
      '^support/browser\\.ts$',
      ['^support/measure/', '^support/secrets/', '^support/time-limit\\.ts$'],
      'A browser session is a source of measurements: it must not know schedules, checks or the words of authors.',
    ),
    {
      name: 'few-know-playwright',
      severity: 'error',
      comment:
        'Playwright orchestrates at three places, one of which is the reporter with its preparation, and its own tests are sessions at a fourth; everything else is plain code that a unit test can call.',
      from: {
        pathNot: [
          '^support/(test|browser|run/(reporter|preparation))\\.ts$',
          '^support/worker/spec/',
          '^playwright\\.config\\.ts$',
          '^tests/',
          UNIT_TEST,
          '(^|/)node_modules/',
        ],
      },
      to: { path: '(^|/)node_modules/(@playwright/|playwright(-core)?/)' },
    },
    {
      name: 'target-stands-alone',
      severity: 'error',
      comment:
        'The embedded target is a system like any other: sharing code with the suite would share its mistakes. How modules are put into files is none of it.',
      from: { path: '^target/' },
      to: {
        path: '^(journeys|protocol|support|bench|scripts|tests)/|^playwright\\.config\\.ts$',
        pathNot: '^scripts/bundle\\.mjs$',
      },
    },
    {
      name: 'target-core-without-families',
      severity: 'error',
      comment: 'The core serves whatever family it is given; target.ts and main.ts put the two together.',
      from: { path: '^target/core/', pathNot: UNIT_TEST },
      to: { path: '^target/families/' },
    },
    {
      name: 'target-families-apart',
      severity: 'error',
      comment:
        'A family can be read and left out by itself; but what migrates is a VM, and migrations know what that is.',
      from: { path: '^target/families/([^/]+)/', pathNot: UNIT_TEST },
      to: { path: '^target/families/', pathNot: ['^target/families/$1/', '^target/families/vms/vm\\.ts$'] },
    },
    {
      name: 'target-only-by-the-wire',
      severity: 'error',
      comment: 'The suite has to work against systems it has never seen: it knows the target by its wire only.',
      from: { path: '^(journeys|protocol|support|bench)/|^playwright\\.config\\.ts$', pathNot: UNIT_TEST },
      to: { path: '^target/' },
    },
    {
      name: 'tests-and-bench-are-ends',
      severity: 'error',
      comment: 'Nothing but tests is built on tests, and nothing but the bench on the bench.',
      from: { pathNot: ['^(tests|bench)/', UNIT_TEST] },
      to: { path: ['^(tests|bench)/', UNIT_TEST] },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      comment: 'A machine that only generates load installs with --omit=dev: what it runs belongs in dependencies.',
      from: { path: '^(journeys|protocol|support)/|^playwright\\.config\\.ts$', pathNot: UNIT_TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm'] },
    },
    {
      name: 'declared-packages',
      severity: 'error',
      comment: 'A package that package.json does not name is there by accident and may be gone tomorrow.',
      from: { pathNot: '(^|/)node_modules/' },
      // An optional peer counts as both.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'imports-exist',
      severity: 'error',
      comment:
        'An import that leads nowhere fails only when that line is reached, which may be in the middle of a run.',
      from: { pathNot: '(^|/)node_modules/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Modules that import each other can be neither understood nor tested one at a time.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-dead-modules',
      severity: 'error',
      comment: 'Code that no entry point reaches is kept green by its own tests only: use it or delete it.',
      from: { path: ENTRY_POINTS },
      to: {
        path: '^(journeys|protocol|support)/.+\\.ts$',
        pathNot: [UNIT_TEST, '\\.d\\.ts$', ...ENTRY_POINTS],
        reachable: false,
      },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(dist|reports|test-results|blob-report|\\.[^/]+)/' },
    // Types count: a room that needs another's types needs the other.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
