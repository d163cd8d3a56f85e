import type { Command } from 'commander';
import type { AddCommand } from '../add-command.js';

/** `fas runs` and what is below it. */
export function addRunCommands(program: Command, addTo: AddCommand): void {
  const runs = program.command('runs').description('List, show and cancel runs (fas runs --help).');
  addTo(runs, 'list', { about: 'List runs, newest first.', isDefault: true, load: () => import('./list.js') })
    .option('--function <function>', 'only those of this function')
    .option('--lane <lane>', 'only those of this lane')
    .option('--state <states>', 'only these states, with commas: queued, running, succeeded, failed, cancelled, expired')
    .option('--limit <count>', 'at most so many (default: 50)');
  addTo(runs, 'get <run>', { about: 'Show a run, and where its time went.', load: () => import('../show-run/show-run.js') });
  addTo(runs, 'cancel [run]', { about: 'Cancel one run, or all open ones of a function.', load: () => import('./cancel.js') })
    .option('--function <function>', 'with --all: those of this function')
    .option('--lane <lane>', 'with --all: only those of this lane')
    .option('--all', 'all that are queued or running');
}
