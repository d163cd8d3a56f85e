import type { Command } from 'commander';
import type { AddCommand } from '../add-command.js';

/** `fas dead-letters` and what is below it. */
export function addDeadLetterCommands(program: Command, addTo: AddCommand): void {
  const letters = program
    .command('dead-letters')
    .description('List, show, redrive and purge queued runs that failed or expired (fas dead-letters --help).');
  const which = (command: Command) =>
    command
      .option('--function <function>', 'with --all: those of this function')
      .option('--lane <lane>', 'with --all: only those of this lane')
      .option('--all', 'all of a function');
  addTo(letters, 'list', { about: 'List dead letters, newest first.', isDefault: true, load: () => import('./list.js') })
    .option('--function <function>', 'only those of this function')
    .option('--lane <lane>', 'only those of this lane')
    .option('--limit <count>', 'at most so many (default: 50)');
  addTo(letters, 'count', { about: 'Count them by function and lane.', load: () => import('./count.js') });
  addTo(letters, 'show <run>', { about: 'Show the run of one.', load: () => import('../show-run/show-run.js') });
  which(
    addTo(letters, 'redrive [run]', { about: 'Start one anew, or all of a function.', load: () => import('./redrive.js') }),
  ).option('--current', 'with the version that its lane has now (default: the one it had)');
  which(
    addTo(letters, 'purge [run]', {
      about: 'Throw one away, or all of a function: payloads go, runs stay.',
      load: () => import('./purge.js'),
    }),
  );
}
