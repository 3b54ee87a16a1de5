/** `tidegate completion <shell>`: words of the commands for the shell's tab key. */
import { Argument, type Command } from 'commander';
import { doing, type Io } from './context';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function addCompletionCommand(program: Command, io: Io): void {
  program
    .command('completion')
    .description('print a completion script')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(
      doing(io, (_context, [shell = '']) => {
        const script = scriptFor(shell, wordsOf(program));
        return Promise.resolve({ json: { shell, script }, text: script });
      }),
    );
}

type Words = readonly (readonly [command: string, below: readonly string[]])[];

const wordsOf = (program: Command): Words =>
  program.commands.map((command) => [command.name(), command.commands.map((each) => each.name())]);

function scriptFor(shell: string, words: Words): string {
  if (shell === 'fish') return fish(words);
  const bash = [
    '_tidegate() {',
    '  local word="${COMP_WORDS[COMP_CWORD]}"',
    `  local words="${words.map(([name]) => name).join(' ')}"`,
    '  if [ "$COMP_CWORD" -gt 2 ]; then return; fi',
    '  if [ "$COMP_CWORD" -eq 2 ]; then',
    '    case "${COMP_WORDS[1]}" in',
    ...words.map(([name, below]) => `      ${name}) words="${below.join(' ')}" ;;`),
    '      *) words="" ;;',
    '    esac',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    '}',
    'complete -F _tidegate tidegate',
  ];
  return (shell === 'zsh' ? ['autoload -U +X bashcompinit && bashcompinit', ...bash] : bash).join('\n');
}

function fish(words: Words): string {
  const first = `complete -c tidegate -f -n __fish_use_subcommand -a "${words.map(([name]) => name).join(' ')}"`;
  const below = words
    .filter(([, names]) => names.length > 0)
    .map(([name, names]) => `complete -c tidegate -f -n "__fish_seen_subcommand_from ${name}" -a "${names.join(' ')}"`);
  return [first, ...below].join('\n');
}
