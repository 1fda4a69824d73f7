/** Which part of a profile the command line chose. */

/** Playwright's options that choose tests. */
const choosing = /^(-g|-G|--grep|--last-failed|--only-changed|--test-list)/;

/**
 * True when scenarios may be missing on purpose.
 * @param argv of `playwright test …`, as in `process.argv`
 */
export function isFiltered(argv: string[]): boolean {
  const args = argv.slice(argv.indexOf('test') + 1);
  // An argument that belongs to no option chooses files.
  return args.some((arg, i) => choosing.test(arg) || !(arg.startsWith('-') || /^-[^=]*$/.test(args[i - 1] ?? '')));
}

/** Why there is no test at all, in one sentence. */
export function nothingToRun(argv: string[]): string {
  return isFiltered(argv)
    ? 'Nothing to run: the filters (-g, --grep-invert, file names) leave no scenario of the profile; --list shows them.'
    : "Nothing to run: the files of the profile's scenarios declare none; allowed is one load(…) or journey(…) in each, with the name of its file.";
}
