import type { Command } from 'commander';
import type { AddCommand } from '../add-command.js';

/** `fas limits` and what is below it. */
export function addLimitCommands(program: Command, addTo: AddCommand): void {
  const limits = program
    .command('limits')
    .description('Show and change what a function or lane may take of the queue (fas limits --help).');
  addTo(limits, 'get <function>', { about: 'Show the limits of a function and its lanes.', load: () => import('./get.js') });
  addTo(limits, 'set <function>', {
    about: 'Set its limits; what is not named is as the settings of the server say.',
    load: () => import('./set.js'),
  })
    .option('--lane <lane>', 'of this lane only (default: of all its lanes together)')
    .option('--max-running <count>', 'queued runs carried out at the same time, on all servers')
    .option('--max-queued <count>', 'queued runs that wait; more are refused')
    .option('--expires-after <duration>', 'a run that has not begun so long after it was accepted expires, such as 10m');
  addTo(limits, 'remove <function>', { about: 'Take its limits away.', load: () => import('./remove.js') }).option(
    '--lane <lane>',
    'of this lane only (default: those of the function as a whole)',
  );
}
