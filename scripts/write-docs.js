// Writes the documents that are made from the code: .env.example, docs/configuration.md, docs/limits.md, docs/errors.md,
// docs/escapes.md.
// `--check` writes nothing and fails when one differs from what is there. `--into FOLDER` takes another folder than the project.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '../dist/src/config/settings.js';
import { tracingVariables } from '../dist/src/config/tracing-settings.js';
import { errorTable } from '../dist/src/errors.js';
import { groups as escapeGroups } from '../dist/test/escapes/attack.js';
import { table as escapes } from '../dist/test/escapes/table.js';
import { conditions } from '../dist/test/escapes/verdict.js';

const into = process.argv.indexOf('--into');
const folder = into === -1 ? dirname(dirname(fileURLToPath(import.meta.url))) : process.argv[into + 1];
const pages = {
  '.env.example': environmentExample(),
  'docs/configuration.md': configurationPage(),
  'docs/limits.md': limitsPage(),
  'docs/errors.md': errorsPage(),
  'docs/escapes.md': escapesPage(),
};

if (process.argv.includes('--check')) check();
else write();

function write() {
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function check() {
  const outdated = Object.keys(pages).filter((path) => readIfThere(join(folder, path)) !== pages[path]);
  for (const path of outdated) console.error(`${path} is not what the code says: run npm run docs and commit it`);
  if (outdated.length > 0) process.exitCode = 1;
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function configurationPage() {
  const sections = groups().map(({ title, about, names }) => `## ${title}\n\n${about}\n\n${settingsTable(names)}`);
  const variables = Object.entries(tracingVariables).map(([name, about]) => row(`\`${name}\``, about));
  return `${madeFrom('src/config/settings.ts and src/config/tracing-settings.ts')}
# Configuration

Laneway is configured by environment variables alone; without any it runs on this machine with everything embedded.
A wrong value or an unknown \`LANEWAY_\` name stops the start with one line that says which setting, what is allowed and
what was given. An empty value counts as not set. The value of a setting marked *secret* is never printed.

Times are whole numbers with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`; sizes are bytes, alone or with \`KiB\`, \`MiB\` or \`GiB\`.
[.env.example](../.env.example) lists the same settings to copy from, [limits.md](limits.md) what happens at a limit.

${sections.join('\n\n')}

## Traces

Where traces are exported to is told by OpenTelemetry's own variables; other software on a machine reads them too, so
unknown ones are not refused. [functions.md](functions.md#traces) says what a span is here.

${[row('Variable', 'What it does'), row('---', '---'), ...variables].join('\n')}
`;
}

function limitsPage() {
  const limits = groups().filter(({ group }) => group === 'limits' || group === 'retention');
  return `${madeFrom('src/config/settings.ts and src/errors.ts')}
# Limits

Everything that can grow has a limit, and reaching it gets a clear answer: nothing is dropped in silence and nothing is
accepted that can't be kept. Each limit is a setting; [configuration.md](configuration.md) has the others.

${limits.map(({ title, names }) => `## ${title}\n\n${settingsTable(names)}`).join('\n\n')}

## What a caller is told

429 and 503 come with a \`Retry-After\` header.

${errorsTable(([code, [status]]) => [413, 429, 431, 503, 507].includes(status) || code.startsWith('zip_too_') || code.startsWith('zip_unpacked_') || code === 'zip_ratio' || code === 'run_result_too_large')}
`;
}

function errorsPage() {
  return `${madeFrom('src/errors.ts')}
# Errors

Every refusal is a stable code with a status and a sentence that says what was wrong and what is allowed. The native API
answers \`{"error":{"code","message","details"}}\`; words in braces below are filled from the details. A code is never
given another meaning. Other systems' routes carry the same sentence in the shape that their clients know.

${errorsTable(() => true)}
`;
}

function escapesPage() {
  const levels = ['thread', 'process', 'confined'];
  const sections = Object.entries(escapeGroups).map(([group, title]) => {
    const rows = escapes
      .filter((attack) => attack.group === group)
      .map(({ name, intent, verdicts }) => row(`\`${name}\``, intent, ...levels.map((level) => verdictText(verdicts[level]))));
    return `## ${title}\n\n${[row('Attack', 'What it tries', ...levels), row('---', '---', '---', '---', '---'), ...rows].join('\n')}`;
  });
  return `${madeFrom('test/escapes/table/')}
# What each level stops

${escapes.length} hostile functions (Node, Python, shell scripts, machine code) try to get out of their run. Each is carried out in the tests
at each level with a real server, and looked at from outside: by a secret that it could not know, a listener on the host, a
process list, a file, the record of another run. What is written here is what happened: an attack that is stopped and not
listed so fails the tests as well as one that gets through.

- **stopped**: it got nothing, and another function was served rightly during and after it.
- **NOT STOPPED**: it works. [isolation.md](isolation.md) says for whose code a level is.
- *reaches itself*: it works, and all it reaches are later runs of the same version in the same warm worker; \`"fresh": true\` stops it.
- -: it can't be tried at this level.

\`fas doctor --isolation\` tries the harmless ones on your machine, against your server.

${sections.join('\n\n')}
`;
}

function verdictText({ is, because, onlyWhere }) {
  if (is === 'does not apply') return `- (${because})`;
  const word = { stopped: '**stopped**', 'not stopped': '**NOT STOPPED**', 'reaches itself': '*reaches itself*' }[is];
  return `${word}${onlyWhere === undefined ? '' : ` ${conditions[onlyWhere]}`}: ${because}`;
}

function environmentExample() {
  const sections = groups().map(({ title, names }) => `# --- ${title} ---\n\n${names.map(environmentLines).join('\n\n')}`);
  return `# Every setting of Laneway with its default. Made from src/config/settings.ts by npm run docs.
# Take the # away to set one; a setting without a default is off. docs/configuration.md explains them.

${sections.join('\n\n')}

# --- docker compose ---
# docker-compose.yml needs these four besides LANEWAY_SECRET_KEY above. They become part of URLs: use letters and digits.

# REDIS_PASSWORD=
# POSTGRES_PASSWORD=
# FTP_PASSWORD=
# NATS_PASSWORD=
# Port of this machine on which docker compose publishes the server.
# PUBLISHED_PORT=8080
`;
}

function environmentLines(name) {
  const { about, rule, fallback } = settings[name];
  return `# ${about}\n# Must be ${rule}.\n# LANEWAY_${name}=${fallback ?? ''}`;
}

function settingsTable(names) {
  const rows = names.map((name) => {
    const { fallback, rule, about, secret } = settings[name];
    return row(`\`LANEWAY_${name}\``, fallback === null ? 'off' : `\`${fallback}\``, rule, secret ? `${about} *Secret.*` : about);
  });
  return [row('Setting', 'Default', 'Must be', 'What it does'), row('---', '---', '---', '---'), ...rows].join('\n');
}

function errorsTable(isShown) {
  const rows = Object.entries(errorTable)
    .filter(isShown)
    .map(([code, [status, message]]) => row(`\`${code}\``, String(status), message));
  return [row('Code', 'Status', 'Message'), row('---', '---', '---'), ...rows].join('\n');
}

function row(...cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function groups() {
  const titles = {
    server: ['Server', 'Where it listens, where it keeps its files, what it logs.'],
    access: ['Access', 'Keys, secrets, and what callers without a key may do.'],
    parts: [
      'Parts',
      'Each is embedded until its URL is set. Several servers need PostgreSQL, Redis and the same secret key; several machines also FTP.',
    ],
    runtime: ['Running functions', 'Isolation, workers, and the work taken from the queue.'],
    limits: ['Limits', 'What is larger or more is refused or cut; [limits.md](limits.md) has the answers.'],
    retention: ['Retention', 'How long what has ended is kept.'],
  };
  return Object.entries(titles).map(([group, [title, about]]) => {
    return { group, title, about, names: Object.keys(settings).filter((name) => settings[name].group === group) };
  });
}

function madeFrom(source) {
  return `<!-- Made from ${source} by npm run docs. Change it there. -->\n`;
}
