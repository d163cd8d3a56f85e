import { Command, Option } from 'commander';
import type { AddCommand, CommandModule } from './add-command.js';
import { addDeadLetterCommands } from './dead-letters/dead-letter-commands.js';
import { addEventCommands } from './events/event-commands.js';
import type { ExitCode } from './exit-code.js';
import { addLimitCommands } from './limits/limit-commands.js';
import { addRunCommands } from './runs/run-commands.js';
import { addScheduleCommands } from './schedules/schedule-commands.js';
import { Session, type GlobalFlags } from './session.js';

/** Every command with its arguments and options; `onEnd` gets what the called one exits with. */
export function createProgram(
  environment: Readonly<Record<string, string | undefined>>,
  onEnd: (code: ExitCode) => void,
): Command {
  const program = new Command('fas')
    .description('Push functions to a Laneway server and run them.')
    .option('--url <url>', 'server to talk to (default: LANEWAY_URL, else the one of yours on this machine)')
    .option('--key <key>', 'key to send (default: LANEWAY_KEY, else the one of that server)')
    .option('--json', 'answer in JSON')
    .showHelpAfterError('(fas --help or fas <command> --help shows what is allowed)')
    .exitOverride();

  const addTo: AddCommand = (parent, usage, { about, isDefault = false, load }) =>
    parent
      .command(usage, { isDefault })
      .description(about)
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        const options = command.optsWithGlobals<GlobalFlags>();
        onEnd(await (await load()).run(command.args, options, new Session(environment, options)));
      });

  const add = (usage: string, about: string, load: () => Promise<CommandModule>) => addTo(program, usage, { about, load });

  add('serve', 'Start a server with the settings in the environment.', () => import('./commands/serve.js')).option(
    '--processes <count>',
    'servers to share the port, with Redis and PostgreSQL (default: LANEWAY_SERVER_PROCESSES, else 1)',
  );
  add('pack <folder>', 'Zip a folder for a push.', () => import('./commands/pack.js')).option(
    '-o, --output <file>',
    'the zip to write (default: <folder name>.zip here)',
  );
  add('push <folder-or-zip>', 'Push a folder or zip as a new version.', () => import('./commands/push.js'))
    .option('--name <function>', 'function to push to (default: the name of the folder or zip)')
    .option('--lane <lane>', 'lane to push to', 'latest')
    .option('--new-version', 'start a new major version')
    .addOption(new Option('--type <type>', 'module or executable, when the manifest does not say').choices(['dll', 'exe']));
  add('run <function>', 'Run a function: queue it, or wait for its result.', () => import('./commands/run.js'))
    .option('--lane <lane>', 'lane to run from (default: latest)')
    .option('--version <version>', 'version to run (default: the current one of the lane)')
    .option('--payload <json>', 'JSON text, @file, or - for standard input')
    .option('--delay <duration>', 'not to begin before so long from now, such as 30s, 10m or 1h30m')
    .option('--at <time>', 'not to begin before a time, such as 2030-01-31T08:00:00Z')
    .option('--expires-after <duration>', 'expires when it has not begun so long from now')
    .option('--retries <count>', 'retries after a failed attempt (default: as the function says)')
    .option('--priority <number>', 'larger goes first within its lane')
    .option('--idempotency-key <key>', 'the same key and request again give the same run')
    .option('--wait', 'wait for the end and print the result; Ctrl-C cancels the run')
    .option('--stream', 'as --wait, and show log and stream as they appear');
  add('logs <run>', 'Print the log of a run.', () => import('./commands/logs.js')).option(
    '-f, --follow',
    'go on until the run has ended',
  );
  add('list [function]', 'List functions, or the lanes of one.', () => import('./commands/list.js'));
  addRunCommands(program, addTo);
  addDeadLetterCommands(program, addTo);
  addLimitCommands(program, addTo);
  addEventCommands(program, addTo);
  addScheduleCommands(program, addTo);
  add(
    'backup <target>',
    'Back up embedded records, payloads, keys and versions while they are used.',
    () => import('./commands/backup.js'),
  ).option('--without-store', 'leave the versions out');
  add('restore <backup>', 'Put a backup into empty folders.', () => import('./commands/restore.js'))
    .option('--data <folder>', 'folder for records, keys and payloads (default: LANEWAY_DATA, else ./data)')
    .option('--store <folder>', 'folder for versions (default: LANEWAY_STORE, else ./functions-store)');
  add(
    'doctor',
    'Show what is installed, reachable and active, and how to mend the rest.',
    () => import('./commands/doctor.js'),
  ).option('--isolation', 'try to get out of functions of the server that runs here, and show what is stopped at each level');
  return program;
}
