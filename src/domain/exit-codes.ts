/** What the exit code of a deploy script means, in one sentence (6-faults F40). Zero is never trusted without a look. */
export function explainExit(code: number): string {
  switch (code) {
    case 0:
      return 'the script says that it is done';
    case 1:
      return 'the script failed (exit 1)';
    case 2:
      return 'the script was called wrongly or failed early (exit 2)';
    case 75:
      return 'the script could not do it now and asks to be called again (exit 75, EX_TEMPFAIL)';
    case 124:
      return 'a command in the script ran into its time limit (exit 124)';
    case 126:
      return 'the script, or a command in it, could not be executed (exit 126): look at its mode and its first line';
    case 127:
      return 'the script, or a command in it, was not found (exit 127): look at PATH and at its first line';
    case 137:
      return 'the script was killed (exit 137, SIGKILL): by a person, by Tidegate, or by the system when memory ran out';
    case 143:
      return 'the script was asked to end and did (exit 143, SIGTERM)';
    default:
      return code > 128 && code < 160
        ? `the script was ended by signal ${code - 128} (exit ${code})`
        : `the script failed (exit ${code})`;
  }
}
