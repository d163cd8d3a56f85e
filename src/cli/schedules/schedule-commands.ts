import { Option, type Command } from 'commander';
import { catchUpPolicies, overlapPolicies } from '../../contract/schedules.js';
import type { AddCommand } from '../add-command.js';

/** `fas schedules` and what is below it. */
export function addScheduleCommands(program: Command, addTo: AddCommand): void {
  const schedules = addTo(program, 'schedules', {
    about: 'List schedules, or make, show, change and run them (fas schedules --help).',
    load: () => import('../commands/schedules.js'),
  })
    .option('--function <function>', 'only those of this function')
    .option('--lane <lane>', 'only those of this lane');
  addTo(schedules, 'add <function>', { about: 'Make a schedule.', load: () => import('./add.js') })
    .option('--cron <pattern>', '5 fields, or 6 with seconds first')
    .option('--time-zone <zone>', 'of the cron pattern, such as Europe/Berlin (default: UTC)')
    .option('--every <duration>', 'a period instead, such as 30s, 5m or 1h30m')
    .option('--at <time>', 'one time instead, such as 2030-01-31T08:00:00Z')
    .option('--name <name>', 'name of the schedule (default: one is made up)')
    .option('--lane <lane>', 'lane to run from (default: latest)')
    .option('--version <version>', 'version to run (default: the current one of the lane at each tick)')
    .option('--payload <json>', 'JSON text, @file, or - for standard input (default: name and tick)')
    .addOption(new Option('--overlap <policy>', 'while the run before is open (default: skip)').choices([...overlapPolicies]))
    .addOption(
      new Option('--catch-up <policy>', 'which missed ticks fire after downtime (default: last)').choices([...catchUpPolicies]),
    );
  addTo(schedules, 'get <id-or-name>', { about: 'Show a schedule and its next ticks.', load: () => import('./get.js') });
  const acts = async () => import('./act.js');
  addTo(schedules, 'pause <id-or-name>', { about: 'Pause a schedule.', load: async () => ({ run: (await acts()).pause }) });
  addTo(schedules, 'resume <id-or-name>', {
    about: 'Let a schedule go on with its next tick.',
    load: async () => ({ run: (await acts()).resume }),
  });
  addTo(schedules, 'run <id-or-name>', { about: 'Start an extra run now.', load: async () => ({ run: (await acts()).runNow }) });
  addTo(schedules, 'remove <id-or-name>', { about: 'Remove a schedule.', load: async () => ({ run: (await acts()).remove }) });
}
