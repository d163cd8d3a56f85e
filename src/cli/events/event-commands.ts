import type { Command } from 'commander';
import type { AddCommand } from '../add-command.js';

/** `fas events` and what is below it. */
export function addEventCommands(program: Command, addTo: AddCommand): void {
  const list = () => import('../commands/events.js');
  const events = addTo(program, 'events', {
    about: 'List who subscribes to which events, or publish one (fas events --help).',
    load: list,
  }).option('--event <event>', 'only those that would get this event');
  addTo(events, 'list', { about: 'List who subscribes to which events.', load: list }).option(
    '--event <event>',
    'only those that would get this event',
  );
  addTo(events, 'publish <event>', { about: 'Publish: a queued run of every subscriber.', load: () => import('./publish.js') })
    .option('--data <json>', 'JSON text, @file, or - for standard input')
    .option('--idempotency-key <key>', 'publishing again with the same key starts nothing twice');
}
